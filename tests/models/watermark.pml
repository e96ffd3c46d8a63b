/* SPDX-License-Identifier: MIT */
/* How a node learns the time (its proof) before which everything is known to have been applied: relays write begin, take
   a snapshot of the outbox, apply it, and set end = begin if begin is still their own; a node dates an unknown begin to
   the time when it sent its previous heartbeat, and takes that date as its proof when end becomes that begin.
   Property: everything that was committed before the proof has been applied.
   Variants that must fail: -DNO_COMPARE (end = begin, whoever wrote it), -DDATE_NOW (dated to this heartbeat),
   -DSNAPSHOT_FIRST (the snapshot is taken before begin is written). */
#define WRITES 2
#define BEATS 3

byte clock = 1;               /* grows with each commit and each heartbeat that is sent */
byte committed[WRITES];       /* time of the commit; 0: not yet */
bool applied[WRITES];
byte begin = 0, end = 0;      /* in Redis: numbers of passes */
byte passes = 0;

active proctype writer() {
  byte w = 0;
  do
  :: w < WRITES -> atomic { clock++; committed[w] = clock; w++ }
  :: else -> break
  od
}

/* Two nodes run a relay at the same time. */
active [2] proctype relay() {
  byte n = 0, mine;
  bool seen[WRITES];
  byte w;
  do
  :: n < 2 ->
     n++;
#ifdef SNAPSHOT_FIRST
     d_step { w = 0; do :: w < WRITES -> seen[w] = (committed[w] != 0); w++ :: else -> break od }
#endif
     atomic { passes++; mine = passes; begin = mine }
#ifndef SNAPSHOT_FIRST
     d_step { w = 0; do :: w < WRITES -> seen[w] = (committed[w] != 0); w++ :: else -> break od }
#endif
     w = 0;
     do
     :: w < WRITES -> if :: seen[w] -> applied[w] = true :: else fi; w++
     :: else -> break
     od;
#ifdef NO_COMPARE
     end = begin
#else
     atomic { if :: begin == mine -> end = mine :: else fi }
#endif
  :: n < 2 -> n = 2   /* dies between two passes */
  :: else -> break
  od
}

active proctype node() {
  byte beat = 0, sent, previous = 0, known = 0, dated = 0, proof = 0, w;
  do
  :: beat < BEATS ->
     beat++;
     atomic { clock++; sent = clock };          /* a heartbeat is sent */
     atomic {                                   /* its reply: one script has read both */
       if
       :: begin != known ->
          known = begin;
#ifdef DATE_NOW
          dated = sent
#else
          dated = previous
#endif
       :: else
       fi;
       if
       :: end != 0 && end == known && dated > proof ->
          proof = dated;
          w = 0;
          do
          :: w < WRITES -> assert(committed[w] == 0 || committed[w] >= proof || applied[w]); w++
          :: else -> break
          od
       :: else
       fi;
       previous = sent
     }
  :: else -> break
  od
}

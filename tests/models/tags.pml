/* SPDX-License-Identifier: MIT */
/* Tag versions: an entry carries the version of its tag from before its load, and is valid while they are the same.
   Invalidating deletes the version; a process that asks for a missing version creates a new random one.
   Property: a valid entry is not older than a write that was acknowledged before it was read.
   Variants that must fail: -DSAMPLE_AFTER (the version is read after the load), -DCOUNTER (a new version is not random: it
   begins at 1 again), -DNO_INVALIDATION. */
#define WRITES 2
#define READS 3

byte db = 1, acked = 1;
byte tag = 0, fresh = 0;        /* the version, 0: none; the number of versions that were created */
byte value = 0, carries = 0;    /* the entry, and the version of its tag */

#ifdef COUNTER
#define NEW_VERSION 1
#else
#define NEW_VERSION fresh
#endif
#define ASK if :: tag == 0 -> fresh++; tag = NEW_VERSION :: else fi

active proctype writer() {
  byte w = 0;
  do
  :: w < WRITES ->
     w++;
     db++;
#ifndef NO_INVALIDATION
     tag = 0;
#endif
     acked = db
  :: else -> break
  od
}

active proctype eviction() {
  if :: tag = 0 :: skip fi
}

active [2] proctype loader() {
  byte v, t, n = 0;
  do
  :: n < 2 ->
     n++;
#ifdef SAMPLE_AFTER
     v = db;
     atomic { ASK; t = tag };
#else
     atomic { ASK; t = tag };
     v = db;
#endif
     atomic { value = v; carries = t }
  :: else -> break
  od
}

active proctype reader() {
  byte n = 0, before;
  do
  :: n < READS ->
     n++;
     before = acked;
     atomic { ASK; assert(value == 0 || carries != tag || value >= before) }
  :: else -> break
  od
}

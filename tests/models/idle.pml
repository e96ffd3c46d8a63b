/* SPDX-License-Identifier: MIT */
/* A node that is not used sends no heartbeats. One key; one tracked connection whose pushes and replies arrive in order
   but with any delay (or never, if the connection is dead without being closed); a clock; a writer on another node.
   Property: no read returns a value that was replaced by a write acknowledged T or more before, however long the node
   was idle in between.
   Variants that must fail: -DWAKING_PROVES (the first call after a rest counts as a heartbeat that was answered),
   -DRESTING_KEEPS (what was proven before the rest is still proven at the first call after it),
   -DDATE_ANSWER (a heartbeat proves up to its answer instead of up to its sending). */
#define T 2
#define END 6
#define WRITES 2
#define NEVER 255

mtype = { push, pong };
chan wire = [4] of { mtype, byte };

byte now = T;
byte db = 1;
byte acked[WRITES + 2];      /* when the version was acknowledged */
bool tracked = false;        /* Redis will push the next change */

active proctype time() {
  do
  :: now < END -> now++
  :: now == END -> break
  od
}

active proctype writer() {
  atomic { acked[2] = NEVER; acked[3] = NEVER }
  do
  :: db <= WRITES ->
     atomic { db++; if :: tracked -> wire!push(0); tracked = false :: else fi };
     acked[db] = now
  :: else -> break
  od
}

active proctype node() {
  byte held = 0, loaded = 0, proof = 0, sent = 0;
  bool resting = false, woken = false;
  do
  :: wire?[push(0)] -> wire?push(_); held = 0
  :: wire?[pong(sent)] -> atomic {
       wire?pong(sent);
#ifdef DATE_ANSWER
       sent = now;
#endif
       if :: sent > proof -> proof = sent :: else fi
     }
  :: !resting && len(wire) < 2 -> atomic { wire!pong(now) }          /* a heartbeat, answered by Redis at once */
  :: !resting -> resting = true
  :: resting -> atomic {
       resting = false;
       woken = true;
#ifdef WAKING_PROVES
       proof = now
#endif
     }
  :: !resting -> atomic {                                            /* a call */
       if
#ifdef RESTING_KEEPS
       :: held != 0 && (now < proof + T || now < loaded + T || woken) ->
#else
       :: held != 0 && (now < proof + T || now < loaded + T) ->
#endif
          assert(held == db || acked[held + 1] == NEVER || now < acked[held + 1] + T)
       :: else -> held = db; loaded = now; tracked = true
       fi;
       woken = false
     }
  :: now == END -> break
  od
}

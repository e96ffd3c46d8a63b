/* SPDX-License-Identifier: MIT */
/* What a node may keep in L1 because Redis tells it of changes: one key; one tracked connection with NOLOOP, whose
   pushes and replies come in order; another node that loads and fills; a writer; leases that expire without a push.
   A value is "told" if Redis will push its next change (in the code: tracked).
   Property: while no push is on its way, a value that is held as told is not older than an acknowledged write.
   Variants that must fail: -DNO_READ (a script that writes the key does not read it afterwards), -DEARLY_TOLD (told
   before the fill is confirmed), -DTWO_WIRES (pushes and replies on different connections), -DNO_TOKEN (a fill without
   its lease). */
#define WRITES 2
#define READS 4
#define NOBODY 0
#define US 1
#define OTHER 2

mtype = { push, hit, leased, busy, stored, refused };
chan wire = [8] of { mtype, byte };   /* from Redis to us */
#ifdef TWO_WIRES
chan pushes = [8] of { mtype, byte };
#else
#define pushes wire
#endif

byte db = 1;          /* the committed version */
byte acked = 1;
byte l2 = 0;          /* the version in Redis; 0: none */
byte lease = NOBODY;
bool tracked = false; /* Redis will tell us of the next change */

/* A change by another client. */
#define CHANGED if :: tracked -> pushes!push(0); tracked = false :: else fi
/* After a write of our own the server does not track the key for us any more; a read after it starts tracking again. */
#ifdef NO_READ
#define WRITTEN_BY_US tracked = false
#else
#define WRITTEN_BY_US tracked = true
#endif
#ifdef NO_TOKEN
#define HOLDS(who) true
#else
#define HOLDS(who) (lease == who)
#endif

active proctype writer() {
  byte w = 0;
  do
  :: w < WRITES ->
     w++;
     db++;
     atomic { /* UNLINK; for a missing key there is no push */
       if :: l2 != 0 || lease != NOBODY -> l2 = 0; lease = NOBODY; CHANGED :: else fi;
     }
     acked = db
  :: else -> break
  od
}

active proctype expiry() {
  do
  :: atomic { lease != NOBODY -> lease = NOBODY }
  :: break
  od
}

active proctype other() {
  byte v;
  do
  :: atomic { l2 == 0 && lease == NOBODY -> lease = OTHER; CHANGED };
     v = db;
     atomic { if :: HOLDS(OTHER) -> l2 = v; lease = NOBODY; CHANGED :: else fi }
  :: break
  od
}

active proctype node() {
  byte held = 0, v = 0, reads = 0, step = 0;
  bool told = false, attached = false;
  do
  :: pushes?[push(0)] -> pushes?push(_); held = 0; told = false; attached = (step == 1)
  :: step == 0 && held != 0 && reads < READS ->
     atomic { reads++; assert(!told || nempty(pushes) || held >= acked) }
  :: step == 0 && held != 0 && reads < READS -> held = 0; told = false   /* evicted */
  :: step == 0 && held == 0 && reads < READS ->
     atomic {
       reads++;
       attached = true;
       if
       :: l2 != 0 -> tracked = true; wire!hit(l2)
       :: l2 == 0 && lease == NOBODY -> lease = US; WRITTEN_BY_US; wire!leased(0)
       :: l2 == 0 && lease != NOBODY -> tracked = true; wire!busy(0)
       fi;
       step = 1
     }
  :: step == 1 && wire?[hit(v)] -> wire?hit(v); if :: attached -> held = v; told = true :: else fi; step = 0
  :: step == 1 && wire?[leased(0)] -> wire?leased(_); step = 2
  :: step == 1 && wire?[busy(0)] -> wire?busy(_); step = 0
  :: step == 2 -> v = db; step = 3
  :: step == 3 ->
     if
     :: attached -> held = v;
#ifdef EARLY_TOLD
        told = true
#else
        told = false
#endif
     :: else
     fi;
     step = 4
  :: step == 4 ->
     atomic {
       if
       :: HOLDS(US) -> l2 = v; lease = NOBODY; WRITTEN_BY_US; wire!stored(0)
       :: else -> wire!refused(0)
       fi;
       step = 5
     }
  :: step == 5 && wire?[stored(0)] -> wire?stored(_); if :: attached && held != 0 -> told = true :: else fi; step = 0
  :: step == 5 && wire?[refused(0)] -> wire?refused(_); step = 0
  :: step == 0 && reads == READS -> break
  od
}

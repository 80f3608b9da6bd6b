/*
 * The synchronisation of one hub's store with its cloud, for SPIN. README.md beside this file says what is checked,
 * what is left out and why that is sound, and which function each step is: steps are named [like.this] in both.
 *
 * All sizes are bounds, so that the search ends: records, edits on either side, workers (two stand for one that stalls
 * and goes on with an old lease, and for its successor), crashes of workers, leases that run out, calls that fail.
 */
#ifndef RECORDS
#define RECORDS 1
#endif
#ifndef LOCAL_EDITS
#define LOCAL_EDITS 2
#endif
#ifndef CLOUD_EDITS
#define CLOUD_EDITS 2
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef EXPIRIES
#define EXPIRIES 1
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
/*
 * Further switches: DELETIONS lets one record be deleted, on either side; LIVENESS checks that it all ends, not only
 * that nothing goes wrong; NOTHING_LOST may be set where no answer can be lost, and asks for more; SIGHTS tells what
 * the search met; each MUTANT_ puts a naive variant in, which the check must find.
 */
/* Records in one page of a pull. */
#ifndef PAGE
#define PAGE RECORDS
#endif
/* The engine has patience for three roll-backs; with one, few edits lead the search to the end of it. */
#ifndef PATIENCE
#define PATIENCE 1
#endif

/*
 * Content is the set of edits that a state came from, a bit for each. A record has two fields, each with a set of its
 * own, so that two edits may meet in one field or not; and it may be deleted. Each edit writes a value of its own, so
 * that states are equal if and only if their sets are. The empty set is the record as it was made.
 */
#define EDITS (LOCAL_EDITS + CLOUD_EDITS)
#define FIELD_A ((1 << EDITS) - 1)
#define FIELD_B (FIELD_A << EDITS)
#define FIELDS (FIELD_A | FIELD_B)
#define DELETED (1 << (2 * EDITS))
#define VERSIONS (LOCAL_EDITS + 2)
#define BIT(n) (1 << (n))
#define ALL ((1 << WORKERS) - 1)

/* What the search met on its way, said once or a few times each: a check that meets nothing proves nothing. */
#ifdef SIGHTS
#define SIGHT(what) c_code { static int met; if (!met++) printf("sight: %s\n", #what); }
#else
#define SIGHT(what) skip
#endif

/* A row of `records` with its history. Names that begin with g_ are ghosts: they only help to say what is right. */
typedef Row {
  bool here;
  byte version;
  byte synced; /* version_synced */
  byte rev; /* 0: null */
  bool based; /* base_fields is not null */
  short now;
  short base;
  short past[VERSIONS]; /* history: the newest state of each version, 0 once nothing asks for it */
  byte since; /* history: the first version with a state after the cloud's last; 0: no later than the first unconfirmed */
  short conflicts; /* edits that stand on the list of conflicts */
  short g_added[VERSIONS]; /* the edit that made each version, until that version is confirmed */
};

/* The cloud's row. Its rev is its place in the sequence of changes, 0 where there is none. */
typedef Held {
  byte rev;
  short now;
  short g_ever; /* all edits of all states that it ever had */
  byte g_unheard; /* the state that a push made and that the hub does not know of, for its answer was not noted; 0: none */
};

Row hub[RECORDS];
Held cloud[RECORDS];
byte head; /* the newest place in the cloud's sequence */
byte cursor; /* sync_state */
byte lease_fence;
byte lease_holder;
bool expired; /* the lease's time has passed */
byte rung = 1; /* whose bell was rung and not answered yet; the start rings */
byte pausing = ALL - 1; /* who waits to take the lease from another: begins a round then, rung or not */

byte local_edits, cloud_edits;
byte crashes = CRASHES;
byte expiries = EXPIRIES;
byte losses = LOSSES;
bool deletion; /* one record was deleted: once is enough */
short g_made[RECORDS]; /* every edit committed on either side */

/* Scratch of single steps; nothing is carried in it from one to the next. */
hidden byte i;
hidden byte j;
hidden byte t_doubtful;
hidden short t_base;
hidden short t_side;
hidden short t_old;
hidden short t_l;
hidden short t_b;
hidden short t_q;

#define DIRTY(r) (hub[r].here && hub[r].version > hub[r].synced)
#define SAME(r) (hub[r].here && cloud[r].rev != 0 && !DIRTY(r) && hub[r].now == cloud[r].now)
#if RECORDS == 1
#define ANY_DIRTY DIRTY(0)
#define QUIET (SAME(0) && cursor == head)
#else
#define ANY_DIRTY (DIRTY(0) || DIRTY(1))
#define QUIET (SAME(0) && SAME(1) && cursor == head)
#endif

/* ---------------------------------------------------------------------------------------------------- what is right */

/* Holds after every step that writes, not only when all is quiet. */
inline check(r) {
  assert(hub[r].synced <= hub[r].version);
  /* Nothing is lost: whatever was committed anywhere is on one of the two sides or on the list. */
  assert((g_made[r] & ~(hub[r].now | cloud[r].now | hub[r].conflicts)) == 0);
  /* What lies behind the cursor is applied. */
  assert(cloud[r].rev == 0 || cloud[r].rev > cursor || hub[r].rev == cloud[r].rev);
  /* Nothing unpushed and the same rev: the same content. With the line above: quiet means equal. */
  assert(!hub[r].here || DIRTY(r) || hub[r].rev != cloud[r].rev || hub[r].now == cloud[r].now)
}

/* Who replaces a state has seen it: it holds all of it, or what it drops is on the list. */
inline seen(r, old, new) { assert((old & ~(new | hub[r].conflicts)) == 0) }

/* version_synced only grows, and to a version whose edits the cloud has held, or that are on the list. */
inline confirm(r, upto) {
  assert(upto >= hub[r].synced);
  hub[r].synced = upto;
  for (j : 0 .. VERSIONS - 1) {
    if
    :: j <= upto ->
      assert((hub[r].g_added[j] & ~(cloud[r].g_ever | hub[r].conflicts)) == 0);
      hub[r].g_added[j] = 0
    :: else
    fi;
    if
    :: j < upto -> hub[r].past[j] = 0
    :: else
    fi
  }
  if
  :: hub[r].since <= upto + 1 -> hub[r].since = 0
  :: else
  fi
}

/* The hub knows that state of the cloud's, and with it whatever came before. */
inline know(r, rev_) {
  hub[r].rev = rev_;
  cloud[r].g_unheard = (cloud[r].g_unheard > rev_ -> cloud[r].g_unheard : 0)
}

/* Somebody in the cloud made this state upon one of ours that the hub has not heard to be there. */
#define UPON_UNHEARD(r, rev_) (cloud[r].g_unheard != 0 && cloud[r].g_unheard < rev_)

/* No write by a worker whose fence is not the lease's. */
inline commit() {
#ifndef MUTANT_NO_FENCE_UNWATCHED
  assert(fence == lease_fence);
#endif
  expired = false
}

/* -------------------------------------------------------------------------------------------------- people and time */

/* [hub.edit] changeRecordIn of src/store/records.ts: a change raises the version in its own transaction, and rings. */
inline edit_here(r, bits) {
  hub[r].version++;
  hub[r].now = hub[r].now | (bits);
  hub[r].past[hub[r].version] = hub[r].now;
  hub[r].g_added[hub[r].version] = (bits);
  g_made[r] = g_made[r] | (bits);
  local_edits++;
  rung = rung | (ALL & ~pausing);
  check(r)
}

/* [cloud.edit] edit of src/cloud/cloud-store.ts: a new state with a new rev, at the end of the sequence. */
inline edit_there(r, bits) {
  head++;
  cloud[r].rev = head;
  cloud[r].now = cloud[r].now | (bits);
  cloud[r].g_ever = cloud[r].g_ever | (bits);
  g_made[r] = g_made[r] | (bits);
  cloud_edits++;
  check(r)
}

#define MAY_HERE(r) (local_edits < LOCAL_EDITS && hub[r].here)
#define MAY_THERE(r) (cloud_edits < CLOUD_EDITS && cloud[r].rev != 0)
/* Both fields are alike: the very first edit may as well be one of field A. */
#define ANOTHER (local_edits + cloud_edits > 0)

proctype world() {
end:
  do
  /* [hub.edit], [cloud.edit], as above */
  :: d_step { MAY_HERE(0) -> edit_here(0, BIT(local_edits)) }
  :: d_step { MAY_HERE(0) && ANOTHER -> edit_here(0, BIT(local_edits + EDITS)) }
  :: d_step { MAY_THERE(0) -> edit_there(0, BIT(LOCAL_EDITS + cloud_edits)) }
  :: d_step { MAY_THERE(0) && ANOTHER -> edit_there(0, BIT(LOCAL_EDITS + cloud_edits + EDITS)) }
#if RECORDS > 1
  :: d_step { MAY_HERE(1) -> edit_here(1, BIT(local_edits)) }
  :: d_step { MAY_THERE(1) -> edit_there(1, BIT(LOCAL_EDITS + cloud_edits)) }
#endif
#ifdef DELETIONS
  :: d_step { MAY_HERE(0) && !deletion -> deletion = true; edit_here(0, DELETED) }
  :: d_step { MAY_THERE(0) && !deletion -> deletion = true; edit_there(0, DELETED) }
#endif
#if WORKERS > 1
  /* [lease.expire] takeLease of src/store/lease.ts: its time passes, at any moment. */
  :: d_step { expiries > 0 && lease_fence > 0 && !expired -> expiries--; expired = true }
#endif
#ifdef LIVENESS
  /* All that may happen need not happen. */
  :: break
#endif
  od
}

/* ------------------------------------------------------------------------------------------------- the cloud's side */

#define NONE 0
#define ACCEPTED 1
#define CONFLICT 2

#ifdef MUTANT_PUSHES_BLINDLY
#define MADE_ON(r, parent) true
#else
#define MADE_ON(r, parent) (cloud[r].rev == 0 || cloud[r].rev == parent)
#endif

/* [cloud.push] writeChange of src/cloud/write-state.ts: judges and stores one pushed change, by itself. */
inline write_change(r) {
  if
  :: cloud[r].rev != 0 && cloud[r].now == body[r] ->
    answer[r] = ACCEPTED;
    its_rev[r] = cloud[r].rev;
    SIGHT(the cloud holds already what is pushed)
  :: else ->
    if
    :: MADE_ON(r, base[r]) ->
      t_old = cloud[r].now;
      head++;
      cloud[r].rev = head;
      cloud[r].now = body[r];
      cloud[r].g_ever = cloud[r].g_ever | body[r];
      cloud[r].g_unheard = head;
      seen(r, t_old, body[r]);
      if
      :: fence != lease_fence -> SIGHT(a push of a worker that lost the lease is stored)
      :: else
      fi;
      answer[r] = ACCEPTED;
      its_rev[r] = head
    :: else ->
      answer[r] = CONFLICT;
      version[r] = 0;
      its_rev[r] = cloud[r].rev;
      /* Only what is merged at once: else its state comes with the pull that follows. */
      its_body[r] = (cloud[r].rev == before[r] -> cloud[r].now : 0)
    fi
  fi;
  body[r] = 0;
  base[r] = 0;
  check(r)
}

/* -------------------------------------------------------------------------------------------------------- the merge */

/* wavered of src/sync/merge.ts: the field had another value here once; all fields began empty. */
#define WAVERED(r, mask) ((hub[r].now & (mask)) != 0)

/* mergeField of src/sync/merge.ts: what one side changed since the base stands; what both changed is a conflict. */
inline merge_field(r, mask, rev_, remote) {
  t_l = hub[r].now & mask;
  t_b = t_base & mask;
  t_q = remote & mask;
  if
  :: t_l == t_q || t_q == t_b -> t_side = t_side | t_l
  :: else ->
    if
    :: t_l == t_b && !(t_doubtful && WAVERED(r, mask)) -> t_side = t_side | t_q
    :: else ->
      t_side = t_side | t_l;
#ifdef NOTHING_LOST
      /* Where no answer is lost, neither side knew the other's value. */
      assert((t_q & ~t_l) != 0);
      assert((t_l & ~t_q) != 0);
#else
      /* What was written here is never taken for somebody else's, but where somebody edited upon it before it was heard of. */
      assert((t_q & ~t_l) != 0 || UPON_UNHEARD(r, rev_));
      if
      :: (t_q & ~t_l) == 0 -> SIGHT(an own value below an edit in the cloud goes on the list)
      :: else
      fi;
#endif
      hub[r].conflicts = hub[r].conflicts | (t_q & ~t_l);
      SIGHT(a field that both changed goes on the list)
    fi
  fi
}

/* mergeDeleted of src/sync/merge.ts: an edit survives a deletion, which goes on the list. */
inline merge_deleted(r, remote) {
  if
  :: (hub[r].now & DELETED) == (remote & DELETED) -> t_side = t_side | (remote & DELETED)
  :: else ->
    if
    :: t_base & DELETED -> /* who brought it back stands */
      if
      :: t_doubtful && (hub[r].now & DELETED) -> hub[r].conflicts = hub[r].conflicts | DELETED
      :: else
      fi
    :: else ->
      t_old = (hub[r].now & DELETED -> remote : hub[r].now);
      if
      :: (t_old & FIELDS) == (t_base & FIELDS) && !(t_doubtful && (remote & DELETED) && WAVERED(r, FIELDS)) ->
        t_side = t_side | DELETED;
        SIGHT(a deletion is merged)
      :: else ->
        hub[r].conflicts = hub[r].conflicts | DELETED;
        SIGHT(a deletion that met an edit goes on the list)
      fi
    fi
  fi
}

/*
 * baseOf of src/sync/apply.ts: a state pushed whose answer was lost; else what the cloud last confirmed; else the first.
 * By whole states: values repeat, so that one equal field does not prove that it came from here.
 */
inline find_base(r, remote) {
  t_base = 0;
  if
  :: hub[r].based -> t_base = hub[r].base
  :: else ->
    if
    :: hub[r].rev != 0 -> t_base = hub[r].past[hub[r].synced]
    :: else -> t_doubtful = false
    fi
  fi;
#ifndef MUTANT_FORGETS_UNANSWERED
  for (j : 0 .. VERSIONS - 1) {
    if
    :: j >= hub[r].since && j > hub[r].synced && j <= hub[r].version ->
      if
      :: hub[r].past[j] == remote ->
        t_base = remote;
        t_doubtful = false;
        SIGHT(a state whose answer was lost is the base)
      :: else
      fi
    :: else
    fi
  }
#endif
}

#ifdef MUTANT_FORGETS_KEPT
#define SINCE_MERGE(r) (hub[r].now == t_side -> hub[r].version + 1 : hub[r].version)
#else
/* A merge that leaves the record as it was has no state of its own: the one before it is pushed on. */
#define SINCE_MERGE(r) hub[r].version
#endif

/* mergeInto of src/sync/apply.ts: the merge is the record's state, unpushed unless the cloud has all of it. */
inline merge_into(r, rev_, remote) {
#ifdef MUTANT_PUSHES_OWN_COPY
  t_side = hub[r].now;
#else
  find_base(r, remote);
  t_side = 0;
  merge_field(r, FIELD_A, rev_, remote);
  merge_field(r, FIELD_B, rev_, remote);
  merge_deleted(r, remote);
#endif
  seen(r, hub[r].now, t_side);
  if
  :: t_side != hub[r].now && t_side != remote -> SIGHT(a merge holds something of both sides)
  :: else
  fi;
  hub[r].since = SINCE_MERGE(r);
  hub[r].now = t_side;
  hub[r].past[hub[r].version] = t_side;
  know(r, rev_);
  hub[r].based = (t_side != remote);
  hub[r].base = (t_side != remote -> remote : 0);
  if
  :: t_side == remote -> confirm(r, hub[r].version)
  :: else
  fi
}

/* takeClean of src/sync/apply.ts: a record that is unchanged here takes the cloud's state. */
inline take_clean(r, rev_, remote) {
  seen(r, hub[r].now, remote);
  hub[r].now = remote;
  hub[r].past[hub[r].version] = remote;
  hub[r].since = 0;
  know(r, rev_);
  hub[r].based = false;
  hub[r].base = 0
}

/* agree of src/sync/apply.ts: both sides say the same, so that the cloud has everything. */
inline agree(r, rev_) {
  know(r, rev_);
  hub[r].based = false;
  hub[r].base = 0;
  confirm(r, hub[r].version);
  SIGHT(both sides say the same unasked)
}

#if defined(MUTANT_OVERWRITES)
#define TAKES(r) true
#define ROLLS_BACK(r) false
#elif defined(MUTANT_CHECKS_THEN_WRITES)
#define TAKES(r) (clean & BIT(r))
#else
#define TAKES(r) (!DIRTY(r))
#endif

/* applyRemote of src/sync/apply.ts: inserts, passes over what is known, takes, agrees or merges. */
inline apply_remote(r, rev_, remote, doubtful) {
  t_doubtful = doubtful;
  if
  :: !hub[r].here ->
    hub[r].here = true;
    know(r, rev_);
    hub[r].now = remote;
    hub[r].past[0] = remote
  :: hub[r].here && hub[r].rev == rev_ -> skip
  :: else ->
    if
    :: TAKES(r) -> take_clean(r, rev_, remote); SIGHT(a record unchanged here takes the state of the cloud)
    :: else ->
      if
      :: hub[r].now == remote -> agree(r, rev_)
      :: else -> merge_into(r, rev_, remote)
      fi
    fi
  fi
}

/* acknowledge of src/store/sync-records.ts: confirmed is the version that was pushed, whatever it is by now. */
inline acknowledge(r) {
#ifdef MUTANT_CONFIRMS_CURRENT
  version[r] = hub[r].version;
#endif
  if
  :: version[r] < hub[r].version -> SIGHT(a change made while its record was on the way stays unpushed)
  :: else
  fi;
  know(r, its_rev[r]);
  hub[r].based = false;
  hub[r].base = 0;
  if
  :: version[r] > hub[r].synced -> confirm(r, version[r])
  :: else
  fi
}

/* ------------------------------------------------------------------------------------------------------- the worker */

#define ME BIT(me)

/* What a call brought is used once. */
inline forget_call() {
  for (j : 0 .. RECORDS - 1) {
    version[j] = 0;
    base[j] = 0;
    body[j] = 0;
    answer[j] = NONE;
    its_rev[j] = 0;
    its_body[j] = 0
  }
  sent = 0;
  at = 0;
  next = 0
}

/* What a round knows beyond the store ends with it. */
inline forget_round() {
  forget_call();
  forget_before();
  forget_conflicting();
  more = false;
  rollbacks = 0
}
inline forget_before() {
  for (j : 0 .. RECORDS - 1) {
    before[j] = 0
  }
}
inline forget_conflicting() {
  for (j : 0 .. RECORDS - 1) {
    conflicting[j] = 0
  }
}

/* [worker.crash] startSyncThread of src/sync/thread.ts: a worker that died is started again, and the schedule rings. */
#define CRASH :: atomic { d_step { crashes > 0 -> crashes--; forget_round(); fence = 0; rung = rung | ME }; goto idle }

/* [call.fail] startEngine of src/sync/engine.ts: a call failed or its answer was lost; after a pause the bell rings. */
#define FAIL :: atomic { d_step { losses > 0 -> losses--; forget_round(); rung = rung | ME }; goto idle }

/* fenced of src/sync/context.ts, renew of src/store/lease.ts: the fence is compared inside the transaction. */
#if defined(MUTANT_NO_FENCE) || defined(MUTANT_NO_FENCE_UNWATCHED)
#define FENCED true
#else
#define FENCED (fence == lease_fence)
#endif

#ifdef MUTANT_ROLLS_BACK_FOR_EVER
#define PATIENT(r) true
#define MERGES(r) false
#else
/* The same state again: a whole pull did not bring it. */
#define MERGES(r) (answer[r] == CONFLICT && before[r] == its_rev[r])
#define PATIENT(r) (rollbacks < PATIENCE && conflicting[r] == 0)
#endif

/* Unpushed, and the cloud says something else. */
#ifndef ROLLS_BACK
#define ROLLS_BACK(r) \
  (hub[r].here && hub[r].rev != its_rev[r] && hub[r].now != its_body[r] && TAKES(r) == 0 && PATIENT(r))
#endif

#define DONE 0
#define LOST 1
#define BACK 2

/* At first worker 0 may take it. */
#define FREE (expired || lease_holder == me)

/* [lease.take] takeLease of src/store/lease.ts: takes a lease that is free, expired or its own; its fence grows. */
inline take() {
  lease_fence++;
  lease_holder = me;
  expired = false;
  fence = lease_fence
}

proctype worker(byte me) {
  byte fence; /* 0: no lease */
  byte sent; /* records in the request, or in the page */
  byte at, next; /* cursor before and after the page */
  bool more; /* another page is ready */
  byte conflicting[RECORDS], before[RECORDS]; /* the rev for which the cloud refused a change, in this pass and in the one before */
  byte rollbacks;
  byte outcome; /* of the step just done */
  byte version[RECORDS], base[RECORDS], answer[RECORDS], its_rev[RECORDS];
  short body[RECORDS], its_body[RECORDS];
#ifdef MUTANT_CHECKS_THEN_WRITES
  byte clean;
#endif

  if
  :: me > 0 -> goto pause /* of two alike, the first to take the lease may as well be worker 0 */
  :: else
  fi;
idle:
end_idle:
  /*
   * [round.begin] startEngine of src/sync/engine.ts: begins a round when rung; longPoll of src/sync/long-poll.ts rings
   * when the cloud has news.
   */
  atomic {
    (rung & ME) || cursor < head ->
    rung = rung & ~ME;
    if
    :: fence != 0 -> goto push
    :: else
    fi;
    if
    :: FREE -> take(); goto push
    :: else -> goto pause
    fi
  };

lost:
  /* [lease.lost] startEngine of src/sync/engine.ts: forgets the lease, and tries again after a pause. */
  if
  :: d_step {
      forget_round();
      fence = 0
    }
  fi;
pause:
  /* [lease.wait] startEngine of src/sync/engine.ts: a ring during the pause is not kept, for a round follows the pause. */
  atomic {
    rung = rung & ~ME;
    pausing = pausing | ME
  };
end_pause:
  /* [lease.take], as above; to try in vain changes nothing, so this pause ends when trying helps. */
  atomic { FREE -> pausing = pausing & ~ME; take() };

push:
  /* [push.read] dirtyPage of src/store/sync-records.ts: version, body and rev of what is unpushed, by one read. */
  if
  :: atomic {
      d_step {
        for (i : 0 .. RECORDS - 1) {
          before[i] = conflicting[i];
          conflicting[i] = 0;
          if
          :: DIRTY(i) ->
            sent = sent | BIT(i);
            version[i] = hub[i].version;
            body[i] = hub[i].now;
            base[i] = hub[i].rev
          :: else
          fi
        }
      };
      if
      :: sent == 0 -> forget_before(); goto pull
      :: else
      fi
    }
  CRASH
  fi;
#ifdef MUTANT_READS_TWICE /* the version comes by a second read */
  d_step {
    for (i : 0 .. RECORDS - 1) {
      if
      :: sent & BIT(i) -> version[i] = hub[i].version
      :: else
      fi
    }
  };
#endif

  /* [cloud.push], as above; a request may break off between two changes. */
  if
  :: d_step {
      if
      :: sent & BIT(0) -> write_change(0)
      :: else
      fi
    }
  CRASH
  FAIL
  fi;
#if RECORDS > 1
  if
  :: d_step {
      if
      :: sent & BIT(1) -> write_change(1)
      :: else
      fi
    }
  CRASH
  FAIL
  fi;
#endif

  /* [push.settle] settle of src/sync/push.ts: notes in one fenced transaction what the cloud said of each record. */
  if
  :: atomic {
      d_step {
        outcome = BACK; /* nothing to write */
        for (i : 0 .. RECORDS - 1) {
          if
          :: answer[i] == CONFLICT -> conflicting[i] = its_rev[i]
          :: else
          fi;
          if
          :: answer[i] == ACCEPTED || MERGES(i) -> outcome = DONE
          :: else
          fi
        }
        if
        :: outcome == DONE && !FENCED -> outcome = LOST; SIGHT(an answer comes after the lease was lost)
        :: outcome == DONE && FENCED ->
          commit();
          for (i : 0 .. RECORDS - 1) {
            if
            :: answer[i] == ACCEPTED -> acknowledge(i)
            :: MERGES(i) -> apply_remote(i, its_rev[i], its_body[i], true)
            :: else
            fi;
            check(i)
          }
        :: else
        fi;
        forget_call();
        forget_before()
      };
      if
      :: outcome == LOST -> outcome = DONE; goto lost
      :: else -> outcome = DONE
      fi
    }
  CRASH
  FAIL
  fi;

pull:
  /* [pull.fetch] rowsAfter of src/cloud/cloud-store.ts: what changed after the cursor, each record in its newest state. */
  if
  :: d_step {
      more = false;
      at = cursor;
      next = at;
      for (i : 0 .. RECORDS - 1) {
        if
        :: cloud[i].rev > at ->
          sent = sent | BIT(i);
          next = (cloud[i].rev > next -> cloud[i].rev : next)
        :: else
        fi
      }
#if PAGE < RECORDS
      if
      :: sent == 3 ->
        more = true;
        sent = (cloud[0].rev < cloud[1].rev -> 1 : 2);
        next = (cloud[0].rev < cloud[1].rev -> cloud[0].rev : cloud[1].rev)
      :: else
      fi;
#endif
      for (i : 0 .. RECORDS - 1) {
        if
        :: sent & BIT(i) ->
          its_rev[i] = cloud[i].rev;
          its_body[i] = cloud[i].now
        :: else
        fi
      }
    }
  CRASH
  FAIL
  fi;
#ifdef MUTANT_CURSOR_FIRST /* in a transaction of its own */
  if
  :: d_step { FENCED && cursor == at -> cursor = next; at = next }
  :: !(FENCED && cursor == at) -> goto lost
  CRASH
  fi;
#endif
#ifdef MUTANT_CHECKS_THEN_WRITES /* in two steps */
  d_step {
    clean = 0;
    for (i : 0 .. RECORDS - 1) {
      if
      :: DIRTY(i) -> skip
      :: else -> clean = clean | BIT(i)
      fi
    }
  };
#endif

  /* [pull.apply] pullPage of src/sync/pull.ts: the page and its cursor in one fenced transaction, or nothing. */
  if
  :: atomic {
      d_step {
        if
        :: !FENCED || cursor != at -> outcome = LOST; SIGHT(a page comes after the lease was lost)
        :: else -> outcome = DONE
        fi;
        for (i : 0 .. RECORDS - 1) {
          if
          :: outcome == DONE && (sent & BIT(i)) && ROLLS_BACK(i) -> outcome = BACK; SIGHT(a page is rolled back)
          :: else
          fi
        }
        if
        :: outcome == DONE ->
          commit();
          cursor = next;
          for (i : 0 .. RECORDS - 1) {
            if
            :: sent & BIT(i) ->
              if
              :: DIRTY(i) && hub[i].rev != its_rev[i] && hub[i].now != its_body[i] && conflicting[i] == 0 ->
                SIGHT(patience is over and both sides are merged in the page)
              :: else
              fi;
              apply_remote(i, its_rev[i], its_body[i], false)
            :: else
            fi;
            check(i)
          }
#ifndef MUTANT_TRUSTS_HALF_PULL
        :: outcome == BACK -> forget_conflicting() /* that was not a whole pull */
#endif
        :: else
        fi;
        forget_call()
      };
      if
      :: outcome == LOST -> outcome = DONE; goto lost
      :: outcome == BACK -> outcome = DONE; rollbacks = (rollbacks < PATIENCE -> rollbacks + 1 : PATIENCE); goto push
      :: outcome == DONE && more -> rollbacks = 0; goto pull
      :: else -> rollbacks = 0
      fi
    }
  CRASH
  fi;

  /* [round.look] exchange of src/sync/round.ts: looks for what was written since the push. */
  if
  :: ANY_DIRTY -> goto push
  :: else
  CRASH
  fi;

  /* [round.end] syncRound of src/sync/round.ts: notes its success under the fence. */
  if
  :: atomic {
      if
      :: FENCED -> commit(); forget_conflicting()
      :: else -> goto lost
      fi
    }
  CRASH
  fi;

  /* [round.again] syncRound of src/sync/round.ts: looks last of all; what is written after this rings for itself. */
  if
  :: ANY_DIRTY -> goto push
  :: else
  CRASH
  fi;
#ifdef MUTANT_SLEEPS_THROUGH
  atomic { rung = rung & ~ME; goto idle }
#else
  goto idle
#endif
}

/*
 * [hub.make] ingestPage of src/store/records.ts, create of src/cloud/cloud-store.ts: a record was made here, there, or
 * on both sides (two hubs read one meter); syncing does the rest.
 */
inline made(r) {
  if
  :: hub[r].here = true; hub[r].version = 1
  :: head++; cloud[r].rev = head
  :: hub[r].here = true; hub[r].version = 1; head++; cloud[r].rev = head
  fi
}

init {
  atomic {
    made(0);
#if RECORDS > 1
    made(1);
#endif
    run world();
    run worker(0);
#if WORKERS > 1
    run worker(1);
#endif
  };
#ifdef LIVENESS
  /* Time goes on where nothing else does: SPIN looks for unfair rests only where somebody can still step. */
  do
  :: head >= 0
  od
#else
  /* Everybody rests: both sides are equal, and nothing waits. */
  timeout -> assert(QUIET)
#endif
}

#ifdef LIVENESS
ltl quiet { <> [] QUIET }
#endif

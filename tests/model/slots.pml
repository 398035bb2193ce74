/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots of the uplink: E1 to E4. One change of epoch (1 to 2), crashes that lose unlogged leaves,
 * reservation blocks, unknown ranges, snapshots, receipts and pruning, a verifier restored from a
 * copy, a device that lost its state (resync at the floor), a thief with the chain key of epoch 1.
 *
 * Claims: without a thief nothing is ever found; with one every forged slot at or below an accepted
 * snapshot, outside unknown and unattested slots, is found.
 *
 * A digest is a number: 0 none, 1.. honest (the run that made it), FORGED.
 */
#ifndef N
#define N 7          /* slots 1..N */
#endif
#ifndef BLOCK
#define BLOCK 2
#endif
#ifndef UNLOGGED
#define UNLOGGED 1   /* D2: leaves that may be missing from the log (16 in the protocol); 0: no unknown ranges */
#endif
#ifndef CEILING
#define CEILING 3
#endif
#ifndef R_D1
#define R_D1 1       /* reservation durable before use; a start continues past it */
#endif
#ifndef R_UNKCAP
#define R_UNKCAP 1   /* unknown is bounded; the rest of a reservation counts as not sent */
#endif
#ifndef R_UNKRUN
#define R_UNKRUN 1   /* unknown begins at the last logged leaf or the life's first slot, whichever is later */
#endif
#ifndef R_ESTART
#define R_ESTART 1   /* E2 at epoch_start_seq (0: at the seq_hi of the quote) */
#endif
#ifndef R_E1
#define R_E1 1
#endif
#ifndef R_E2
#define R_E2 1
#endif
#ifndef R_E3
#define R_E3 1       /* 2: by presence, without digests */
#endif
#ifndef R_E4
#define R_E4 1
#endif
#ifndef R_FLOOR
#define R_FLOOR 1    /* after a loss of state slots continue at the floor */
#endif
#ifndef R_CEIL
#define R_CEIL 1     /* the verifier takes no slot above the attested seq_hi + CEILING */
#endif
#ifndef R_DCEIL
#define R_DCEIL 1    /* nor does the device send one above its last answered snapshot + CEILING */
#endif
#ifndef R_D6
#define R_D6 1       /* pruned only when a receipt lists it */
#endif
#ifndef R_COVER
#define R_COVER 1    /* a receipt lists a slot that came, or whose attested leaf is held */
#endif
#ifndef R_NOLOG
#define R_NOLOG 1    /* slots before a resync without a log are unattested */
#endif
#ifndef R_RCPT
#define R_RCPT 1     /* slots pruned under a receipt that the verifier does not know are unattested */
#endif
#ifndef R_E4UNK
#define R_E4UNK 1    /* receipt_verdict skips unknown ranges and slots without a log */
#endif
#ifndef DCRASH
#define DCRASH 2
#endif
#ifndef LOSS
#define LOSS 0
#endif
#ifndef STALE
#define STALE 0
#endif
#ifndef THIEF
#define THIEF 0      /* forgeries */
#endif
#ifndef EPOCHS
#define EPOCHS 1     /* 1: the rekey to epoch 2 may happen */
#endif
#define FORGED 9

/* the device */
byte seq = 0, reserved = 0, life = 1, run_first = 1, d_epoch = 1, epoch_start = 0, unlogged = 0;
byte sent[N + 1], sent_epoch[N + 1];        /* what was ever on the wire in a slot */
byte log[N + 1], log_disk[N + 1];
bool unknown[N + 1], pruned[N + 1];
byte nolog = 0, answered_hi = 0, verdict = 0, receipt_held = 0;
/* the quote under way */
bool quoting = false;
byte a_hi, a_nolog, a_verdict, a_receipt, a_log[N + 1];
bool a_unknown[N + 1], a_pruned[N + 1];
/* the verifier, and the copy of it */
typedef Verifier {
    byte got[N + 1]; byte attested[N + 1]; bool unknown[N + 1];
    byte epoch; byte tripwire; byte hi; byte receipts; byte nolog
}
Verifier v, b;
bool backed = false, restored = false;
/* the receipt on its way */
bool receipt = false;
byte r_hi, r_number = 0, r_got[N + 1];
bool r_lists[N + 1];
bool alarm = false;
byte n_crash = 0, n_loss = 0, n_forged = 0, n_quotes = 0, i, m;

#define JUDGED(x) ((x) <= v.hi && !v.unknown[x] && (x) > v.nolog)

inline judge(x) { /* E3 */
    if
    :: (R_E3 && v.got[x] != 0 && JUDGED(x) &&
        (v.attested[x] == 0 || (R_E3 == 1 && v.attested[x] != v.got[x]))) -> alarm = true
    :: else
    fi
}

inline arrive(x, e, d) { /* an authentic message */
    if
    :: (e > v.epoch + 1 || (R_CEIL && x > v.hi + CEILING)) -> skip
    :: else ->
        if
        :: (e == 2 && v.epoch == 1) -> v.epoch = 2; v.tripwire = (R_ESTART -> epoch_start : v.hi + 1)
        :: else
        fi;
        if :: (R_E2 && v.epoch == 2 && e == 1 && x >= v.tripwire) -> alarm = true :: else fi;
        if
        :: (v.got[x] != 0 && v.got[x] != d) -> if :: R_E1 -> alarm = true :: else fi
        :: (v.got[x] == d) -> skip
        :: else -> v.got[x] = d; judge(x)
        fi
    fi
}

inline send() {
    if
    :: (seq == reserved) -> if :: R_D1 -> reserved = (seq + BLOCK < N -> seq + BLOCK : N) :: else -> reserved = seq + 1 fi
    :: else
    fi;
    seq++;
    if :: (d_epoch == 2 && epoch_start == 0) -> epoch_start = seq :: else fi;
    sent[seq] = life; sent_epoch[seq] = d_epoch; log[seq] = life; unlogged++
}

inline accept() { /* V1 */
    if :: (a_verdict >= 2 && R_E4) -> alarm = true :: else fi;
    if :: (a_hi > v.hi) -> v.hi = a_hi :: else fi;
    if :: (R_NOLOG && a_nolog > v.nolog) -> v.nolog = a_nolog :: else fi;
    for (i : 1 .. N) {
        if
        :: (i <= a_hi) ->
            if :: a_unknown[i] -> v.unknown[i] = true :: else fi;
            if
            :: (a_pruned[i] && v.attested[i] == 0 && R_RCPT && a_receipt > v.receipts) -> v.unknown[i] = true
            :: (a_log[i] != 0 && v.attested[i] == 0) -> v.attested[i] = a_log[i]
            :: else
            fi
        :: else
        fi;
        judge(i)
    }
    i = 0; v.receipts++; r_number = v.receipts; receipt = true; r_hi = a_hi;
    for (i : 1 .. N) {
        r_got[i] = (i <= v.hi -> v.got[i] : 0);
        r_lists[i] = (i <= a_hi && (!R_COVER || v.got[i] != 0 || v.attested[i] != 0))
    }
    i = 0
}

inline take_receipt() { /* E4, D6 */
    verdict = 1;
    if :: (r_hi > answered_hi) -> answered_hi = r_hi :: else fi;
    if :: (r_number > receipt_held) -> receipt_held = r_number :: else fi;
    for (i : 1 .. N) {
        if
        :: (r_got[i] != 0 && !pruned[i] && !(R_E4UNK && (unknown[i] || i <= nolog)) && r_got[i] != log[i]) -> verdict = 2
        :: else
        fi;
        if
        :: (r_lists[i] && log[i] != 0 && verdict == 1) ->
            pruned[i] = true; log[i] = 0; log_disk[i] = 0;
            if :: (!R_COVER && r_got[i] == 0) -> v.attested[i] = 0 :: else fi
        :: else
        fi
    }
    i = 0
}

inline start_again() { life++; unlogged = 0; quoting = false; receipt = false }

inline crash() {
    start_again();
    for (i : 1 .. N) { log[i] = log_disk[i] }
    if
    :: (UNLOGGED > 0) ->
        m = 0;
        for (i : 1 .. N) { if :: (i <= reserved && (log_disk[i] != 0 || pruned[i])) -> m = i :: else fi }
        if :: (R_UNKRUN && m < run_first - 1) -> m = run_first - 1 :: else fi;
        for (i : 1 .. N) {
            if
            :: (i > m && i <= reserved && (!R_UNKCAP || i <= m + UNLOGGED) && log_disk[i] == 0 && !pruned[i]) -> unknown[i] = true
            :: else
            fi
        }
    :: else
    fi;
    if :: R_D1 -> seq = reserved :: else -> seq = m fi;
    run_first = seq + 1; m = 0; i = 0;
    if :: (d_epoch == 2 && epoch_start != 0 && epoch_start > seq) -> epoch_start = 0 :: else fi
}

inline lose_state() { /* and resync at once */
    start_again(); verdict = 0; receipt_held = 0;
    for (i : 1 .. N) { log[i] = 0; log_disk[i] = 0; unknown[i] = false; pruned[i] = false }
    i = 0;
    seq = (R_FLOOR -> (v.hi + CEILING < N -> v.hi + CEILING : N) : 0);
    reserved = seq; run_first = seq + 1; nolog = seq; answered_hi = v.hi; d_epoch = 2; epoch_start = 0
}

inline keep(to, from) {
    to.epoch = from.epoch; to.tripwire = from.tripwire; to.hi = from.hi;
    to.receipts = from.receipts; to.nolog = from.nolog;
    for (i : 1 .. N) {
        to.got[i] = from.got[i]; to.attested[i] = from.attested[i]; to.unknown[i] = from.unknown[i]
    }
    i = 0
}

active proctype World() {
    v.epoch = 1;
    do
    :: atomic { (seq < N && (!R_DCEIL || !R_CEIL || seq < answered_hi + CEILING) &&
                 (UNLOGGED == 0 || unlogged < UNLOGGED || !R_UNKCAP)) -> send() }
    :: atomic { (unlogged > 0) -> unlogged = 0; for (i : 1 .. N) { log_disk[i] = log[i] } i = 0 } /* D2 */
    :: atomic { (!quoting && n_quotes < 2) ->
        n_quotes++; quoting = true; a_hi = seq; a_nolog = nolog; a_verdict = verdict; a_receipt = receipt_held;
        for (i : 1 .. N) { a_log[i] = log[i]; a_unknown[i] = unknown[i]; a_pruned[i] = pruned[i] }
        i = 0 }
    :: atomic { quoting -> quoting = false; accept() }
    :: atomic { receipt -> receipt = false; take_receipt() }
    :: atomic { !R_D6 -> i = 1;
        do :: (i < N) -> i++ :: (log_disk[i] != 0) -> break od;
        log[i] = 0; log_disk[i] = 0; pruned[i] = true; i = 0 }
    :: atomic { (EPOCHS && d_epoch == 1 && n_quotes > 0) -> d_epoch = 2 } /* D4 */
    :: atomic { (n_crash < DCRASH) -> n_crash++; crash() }
    :: atomic { (n_loss < LOSS && d_epoch == 1) -> n_loss++; lose_state() }
    :: atomic { i = 1; do :: (i < N) -> i++ :: (sent[i] != 0) -> break od;
        m = i; i = 0; arrive(m, sent_epoch[m], sent[m]); m = 0 }
    :: atomic { (n_forged < THIEF) -> n_forged++; i = 1; do :: (i < N) -> i++ :: true -> break od;
        m = i; i = 0; arrive(m, 1, FORGED); m = 0 }
    :: atomic { (STALE && !backed) -> backed = true; keep(b, v) }
    :: atomic { (STALE && backed && !restored && b.epoch == v.epoch) -> restored = true; keep(v, b) }
    :: atomic { (alarm && !THIEF) -> assert(false) }
    :: atomic { (THIEF && v.hi > 0) ->
        for (i : 1 .. N) { assert(alarm || !(v.got[i] == FORGED && JUDGED(i))) }
        break }
    :: break
    od
}

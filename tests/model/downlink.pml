/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots of the downlink: E7. The verifier assigns slots, its answers are lost, late and in any
 * order, both sides crash, the verifier is restored from a copy, a thief with the chain key puts
 * messages of its own in.
 *
 * Claims: without a thief E7 is never raised and no slot is handed on twice; only a restored store
 * puts a second message into a slot, and none into one that the device's last answered snapshot
 * covers, where it would be taken for received; with a thief every forged slot that an accepted
 * snapshot attests is found, unless the store was restored in this epoch.
 */
#ifndef N
#define N 4          /* slots 1..N */
#endif
#ifndef R_DV1
#define R_DV1 1      /* an assignment is durable before it leaves */
#endif
#ifndef R_D7
#define R_D7 1       /* slot and leaf are durable before the message is handed on */
#endif
#ifndef R_DKEEP
#define R_DKEEP 1    /* sent leaves are kept until an accepted RCV begins after them */
#endif
#ifndef R_DLATE
#define R_DLATE 1    /* the device takes no slot at or below its last quote's seq_hi; after a start, its highest */
#endif
#ifndef R_DNEXT
#define R_DNEXT 1    /* RCV shows more than was sent: the next slot is behind that */
#endif
#ifndef R_DSILENT
#define R_DSILENT 1  /* a restored store sends nothing before the first accepted A1 */
#endif
#ifndef R_DREST
#define R_DREST 1    /* a store restored in this epoch raises no E7 */
#endif
#ifndef R_E7
#define R_E7 1
#endif
#ifndef DCRASH
#define DCRASH 1
#endif
#ifndef SCRASH
#define SCRASH 1
#endif
#ifndef STALE
#define STALE 0
#endif
#ifndef THIEF
#define THIEF 0
#endif
#ifndef QUOTES
#define QUOTES 3
#endif
#define FORGED 15

typedef Verifier { byte next; byte leaf[N + 1]; bool silent; bool restored }
Verifier v, p, o;
byte count = 0;              /* every assignment is another message */
byte wire[N + 1], wire2[N + 1]; /* in a slot, from an earlier and from a restored store */

byte got[N + 1], got_disk[N + 1], handed[N + 1];
byte answered = 0, answered_disk = 0, closed = 0;
bool quoting = false;
byte a_hi, a_got[N + 1];
bool answer = false;
byte r_hi;
bool alarm = false, attested_forgery = false, twice = false, reused = false, swallowed = false;
byte n_dcrash = 0, n_scrash = 0, n_stale = 0, n_forged = 0, n_quotes = 0, i, m;
bool backed = false;

inline keep(to, from) {
    to.next = from.next; to.silent = from.silent; to.restored = from.restored;
    for (i : 1 .. N) { to.leaf[i] = from.leaf[i] }
    i = 0
}

inline assign() {
    if :: (v.next <= answered) -> swallowed = true :: else fi;
    count++; v.leaf[v.next] = count;
    if
    :: (wire[v.next] == 0) -> wire[v.next] = count
    :: else -> wire2[v.next] = count; reused = true /* a slot that was on the wire already */
    fi;
    v.next++;
    if :: R_DV1 -> keep(p, v) :: else fi
}

inline take(x, e) {
    if
    :: (got[x] != 0 || (R_DLATE && x <= closed)) -> skip
    :: else ->
        got[x] = e;
        if :: R_D7 -> got_disk[x] = e :: else fi;
        if :: (handed[x] == e && e != 0) -> twice = true :: else fi;
        handed[x] = e
    fi
}

inline highest(ret) { ret = 0; for (i : 1 .. N) { if :: (got[i] != 0) -> ret = i :: else fi } i = 0; ret = (ret > answered -> ret : answered) }

inline accept() {
    v.silent = false;
    m = 0;
    for (i : 1 .. N) {
        if
        :: (a_got[i] != 0) ->
            if :: (m == 0) -> m = i :: else fi;
            if :: (a_got[i] == FORGED) -> attested_forgery = true :: else fi;
            if
            :: (R_E7 && v.leaf[i] != a_got[i] && !(R_DREST && v.restored)) -> alarm = true
            :: else
            fi
        :: else
        fi
    }
    if :: (m == 0) -> m = a_hi + 1 :: else fi;
    for (i : 1 .. N) { if :: (i < m || (!R_DKEEP && i <= a_hi)) -> v.leaf[i] = 0 :: else fi }
    i = 0; m = 0;
    if :: (R_DNEXT && a_hi >= v.next) -> v.next = a_hi + 1 :: else fi;
    keep(p, v); answer = true; r_hi = a_hi
}

active proctype World() {
    v.next = 1; p.next = 1;
    do
    :: atomic { (v.next <= N && !(R_DSILENT && v.silent)) -> assign() }
    :: atomic { i = 1; do :: (i < N) -> i++ :: (wire[i] != 0) -> break od; m = i; i = 0; take(m, wire[m]); m = 0 }
    :: atomic { i = 1; do :: (i < N) -> i++ :: (wire2[i] != 0) -> break od; m = i; i = 0; take(m, wire2[m]); m = 0 }
    :: atomic { (n_forged < THIEF) -> n_forged++; i = 1; do :: (i < N) -> i++ :: true -> break od; m = i; i = 0; take(m, FORGED); m = 0 }
    :: atomic { !R_D7 -> for (i : 1 .. N) { got_disk[i] = got[i] } i = 0 }
    :: atomic { (!quoting && n_quotes < QUOTES) -> n_quotes++; quoting = true; answer = false; highest(a_hi); closed = a_hi;
        for (i : 1 .. N) { a_got[i] = (i > answered -> got[i] : 0) } i = 0 }
    :: atomic { quoting -> quoting = false; accept() }
    :: atomic { quoting -> quoting = false } /* the request is lost */
    :: atomic { answer -> answer = false;
        if :: (r_hi > answered) -> answered = r_hi; answered_disk = r_hi :: else fi }
    :: atomic { (n_dcrash < DCRASH) -> n_dcrash++; quoting = false; answer = false; answered = answered_disk;
        for (i : 1 .. N) { got[i] = got_disk[i] } i = 0; highest(closed) }
    :: atomic { (n_scrash < SCRASH) -> n_scrash++; keep(v, p) }
    :: atomic { (STALE && !backed) -> backed = true; keep(o, p) }
    :: atomic { (STALE && backed && n_stale < STALE) -> n_stale++; o.silent = true; o.restored = true; keep(v, o); keep(p, o) }
    :: atomic { (!THIEF && alarm) -> assert(false) }
    :: atomic { (!THIEF && twice) -> assert(false) }
    :: atomic { (!STALE && reused) -> assert(false) }
    :: atomic { swallowed -> assert(false) }
    :: atomic { (THIEF && attested_forgery) -> assert(alarm || v.restored); break }
    :: break
    od
}

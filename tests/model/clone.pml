/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two copies of one device (TPM state and disk), both running the honest agent, A and B.
 *
 * Claims: a fork is called a fork, never an unknown base; and E5 is raised no later than the second
 * time that the owner of the accepted requests changes.
 */
#ifndef NREQ
#define NREQ 6
#endif
#define NQ (NREQ + 1)
#ifndef NLIM
#define NLIM 6
#endif
#define NR (NLIM + 2)
#include "verifier.inc"
#ifndef LOSSY
#define LOSSY 1      /* requests and answers may be lost */
#endif
#ifndef LIVE
#define LIVE 0       /* 1: copied while running, so both carry one boot_id */
#endif
#ifndef RESTART
#define RESTART 0    /* a copy may restart before a request: new boot_id, next block of attempts */
#endif
#ifndef ONLYATTEST
#define ONLYATTEST 0 /* no rekeys */
#endif
#ifndef NOALT
#define NOALT 0      /* 1: the first claim alone */
#endif
#define BLOCK  2
#define NOBODY 2

byte base[2] = 1, attempt[2] = 0, reserved[2] = 0, boot[2];
byte owner[NR];
byte nboot = 3, last_owner = NOBODY, changes = 0;
byte w;

inline receive() {
    if
    :: LOSSY /* the answer is lost */
    :: (o_kind == RESULT && o_root != 0) -> base[w] = o_root
    :: (o_kind == RESULT && o_root == 0) -> skip
    :: (o_kind == REFUSAL) -> if :: (attempt[w] < o_last) -> attempt[w] = o_last; reserved[w] = o_last :: else fi
    :: (o_kind == NONE) -> skip
    fi
}

inline deliver() {
    handle(nq);
    assert(E5 || o_code != C_UNKNOWN);
    if
    :: (o_kind == RESULT) ->
        if :: (last_owner != NOBODY && last_owner != w) -> changes++ :: else fi;
        last_owner = w;
        if :: (o_root != 0) -> owner[o_root] = w :: else fi
    :: else
    fi;
    assert(NOALT || E5 || changes < 2);
    receive()
}

active proctype World() {
    atomic {
        epoch_of[1] = 1; s.current = 1; s.boot = 1;
        boot[0] = (LIVE -> 1 : 2); boot[1] = (LIVE -> 1 : 3); copy(p, s)
    }
    do
    :: atomic { (nq < NREQ) ->
        if :: w = 0 :: w = 1 fi;
        if :: RESTART -> nboot++; boot[w] = nboot; attempt[w] = reserved[w] :: else fi;
        if :: (attempt[w] == reserved[w]) -> reserved[w] = attempt[w] + BLOCK :: else fi;
        attempt[w]++; nq++;
        q[nq].base = base[w]; q[nq].attempt = attempt[w]; q[nq].boot = boot[w];
        if :: q[nq].label = ATTEST :: !ONLYATTEST -> q[nq].label = REKEY fi;
        if :: LOSSY /* the request is lost */ :: true -> deliver() fi;
        o_kind = NONE; o_root = 0; o_code = 0; o_last = 0; w = 0 }
    :: atomic { (s.pending != 0 && (base[0] == s.pending || base[1] == s.pending)) -> message(s.pending) }
    :: break
    od
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Back in step, always: one honest device, a network that loses, delays, repeats and reorders
 * everything, crashes at every persist point, a verifier restored from a copy, a device that lost
 * its state.
 *
 * Claims: with crashes only, the device's newest root is current or pending at every moment; from
 * every state reached, under any of the faults, 8 calm exchanges grant and confirm a new root (with
 * ASK = 1: and no person is asked); and nothing of this ever looks like a fork (E5).
 */
#ifndef NREQ
#define NREQ 4      /* requests before the calm */
#endif
#define NQ (NREQ + 9)
#ifndef NLIM
#define NLIM 6      /* roots made before the calm */
#endif
#define NR (NLIM + 6)
#include "verifier.inc"
#ifndef R_BASE
#define R_BASE 1    /* the next base is the newest root that the device holds */
#endif
#ifndef R_D3
#define R_D3 1      /* attempts are reserved, in blocks, before a request */
#endif
#ifndef R_D4
#define R_D4 1      /* new state is durable before use */
#endif
#ifndef R_TH1
#define R_TH1 1     /* only the answer to the outstanding request is believed */
#endif
#ifndef R_SKIP
#define R_SKIP 1    /* after a loss of state: last_attempt + 2^32 */
#endif
#ifndef R_BACK
#define R_BACK 1    /* one resync request for each signed refusal, then the base again */
#endif
#ifndef DCRASH
#define DCRASH 1    /* crashes of the device */
#endif
#ifndef SCRASH
#define SCRASH 1    /* crashes of the verifier */
#endif
#ifndef LOSS
#define LOSS 0      /* losses of the device's state */
#endif
#ifndef STALE
#define STALE 0     /* restores of the verifier from a copy made at any moment */
#endif
#ifndef FAILBACK
#define FAILBACK 0  /* the fresh store comes back after the stale one */
#endif
#ifndef DIR
#define DIR 0       /* state directory restored: 1 while its slot still opens, 2 always refused */
#endif
#ifndef ASK
#define ASK 0       /* 1: that a person is asked is an error */
#endif
#define BLOCK 2
#define SKIP  20

byte  base = 1, base_before = 1, base_disk = 1, attempt = 0, reserved = 0, boot = 1, outstanding = 0;
bool  resync = false, lost = false;
bool  a_any = false;
byte  a_root = 0, a_code = 0, a_last = 0; /* the answer under way: one is ever used */
short sent = 0;                           /* roots under which a message was sent */
byte  n_dcrash = 0, n_scrash = 0, n_loss = 0, n_stale = 0, n_dir = 0;
bool  backed = false;
Store o, t;
byte  dir_base = 0, dir_reserved = 0;
bool  got = false, calm = false, asked = false;
byte  i, k;
#define IN_STEP (base != 0 && (base == s.current || base == s.pending))

inline forget_answer() { a_any = false; a_root = 0; a_code = 0; a_last = 0 }

inline take_attempt() {
    if
    :: (attempt == reserved) -> if :: R_D3 -> reserved = attempt + BLOCK :: else -> reserved = attempt + 1 fi
    :: else
    fi;
    attempt++;
    if :: !R_D3 -> reserved = attempt - 1 :: else fi
}

inline compose(l) {
    nq++;
    q[nq].label = l; q[nq].base = ((R_BASE || l == RESYNC) -> base : base_before);
    q[nq].attempt = attempt; q[nq].boot = boot;
    outstanding = nq; forget_answer()
}

inline ask() {
    take_attempt();
    if
    :: resync -> compose(RESYNC); if :: R_BACK -> resync = false :: else fi
    :: !resync -> compose(REKEY)
    :: (!resync && base != 0) -> compose(ATTEST)
    fi
}

inline answer(j) { /* a later answer may overtake an earlier one */
    if
    :: (o_kind != NONE && (j == outstanding || !R_TH1)) ->
        if
        :: true -> a_any = true; a_root = o_root; a_code = o_code; a_last = o_last
        :: a_any -> skip
        fi
    :: else
    fi
}

inline adopt(r) {
    got = calm; base_before = base; base = r;
    if :: R_D4 -> base_disk = r :: else fi
}

inline receive() {
    if
    :: (a_code == 0 && a_root != 0) -> adopt(a_root); resync = false; lost = false
    :: (a_code == 0 && a_root == 0) -> skip
    :: else ->
        if :: (attempt < a_last) -> attempt = a_last; reserved = a_last :: else fi;
        if :: (lost && R_SKIP) -> attempt = attempt + SKIP; reserved = attempt; lost = false :: else fi;
        if
        :: (a_code == C_UNKNOWN || a_code == C_FORKED || (!R_BACK && a_code == C_APPROVAL)) -> resync = true
        :: else
        fi
    fi;
    outstanding = 0; forget_answer()
}

inline start_again() { boot++; outstanding = 0; forget_answer(); resync = false }
inline lose_state() { attempt = 0; reserved = 0; base = 0; base_disk = 0; base_before = 0; lost = true; n_loss++ }

active proctype World() {
    atomic { epoch_of[1] = 1; s.current = 1; s.boot = 1; copy(p, s); copy(o, s) }
    do
    :: atomic { (nq < NREQ) -> ask() }
    :: atomic { (nq > 0) -> select(k : 1 .. nq); handle(k); answer(k) }
    :: atomic { (outstanding != 0 && a_any) -> receive() }
    :: atomic { (base != 0 && !(sent & BIT(base))) -> sent = sent | BIT(base) }
    :: atomic { (s.pending != 0 && (sent & BIT(s.pending))) -> message(s.pending) }
    :: atomic { (!R_BASE && base_before != base && base == s.current) -> base_before = base }
    :: atomic { (n_dcrash < DCRASH) -> n_dcrash++; start_again(); attempt = reserved; base = base_disk; base_before = base }
    :: atomic { (n_loss < LOSS) -> start_again(); lose_state() }
    :: atomic { (n_scrash < SCRASH && !(R_V1 && R_V3)) -> n_scrash++; copy(s, p) }
    :: atomic { (STALE && !backed) -> backed = true; copy(o, p) }
    :: atomic { (STALE && backed && n_stale < STALE) -> n_stale++;
        if :: FAILBACK -> copy(t, s); copy(s, o); copy(p, o); copy(o, t) :: else -> copy(s, o); copy(p, o) fi }
    :: atomic { (DIR && n_dir == 0) -> n_dir = 1; dir_base = base_disk; dir_reserved = reserved }
    :: atomic { (DIR && n_dir == 1) -> n_dir = 2; start_again();
        if
        :: (DIR == 1 && dir_base == base_disk) ->
            reserved = dir_reserved; attempt = dir_reserved; base = base_disk; base_before = base
        :: else -> lose_state()
        fi }
    :: atomic { (!R_D4 && base_disk != base) -> base_disk = base }
    :: atomic { else -> skip } /* never blocks */
    :: break
    od;
    atomic {
        assert(!E5);
        if :: (n_loss == 0 && n_stale == 0) -> assert(IN_STEP) :: else fi;
        i = 0; outstanding = 0; root_limit = NR - 1; got = false; calm = true;
        do
        :: (i < 8 && !got) ->
            i++; take_attempt();
            if
            :: resync -> compose(RESYNC); if :: R_BACK -> resync = false :: else fi
            :: else -> compose(REKEY)
            fi;
            handle(nq); answer(nq);
            if
            :: ((o_code == C_FORKED || o_code == C_APPROVAL) && q[nq].label == RESYNC) -> asked = true; s.leave = true
            :: else
            fi;
            if :: a_any -> receive() :: else fi;
            message(base)
        :: else -> break
        od;
        assert(!E5);
        assert(got && base == s.current);
        assert(!(ASK && asked))
    }
}

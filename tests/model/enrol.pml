/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment and re-enrolment: the first root, lost answers, a device that enrols again, and a copy
 * of it that would rather enrol anew than be called a fork.
 *
 * Claims: an honest device whose enrolments, rekeys and answers get lost is back in step by itself
 * as long as its first root was never promoted; a re-enrolment of a device with a current root is
 * never accepted without leave, changes nothing while it is refused, and once accepted takes effect
 * only when its root is used; no request is accepted twice; a copy that was called a fork does not get in by enrolling.
 */
#ifndef NREQ
#define NREQ 5
#endif
#define NQ (NREQ + 9)
#ifndef NLIM
#define NLIM 6
#endif
#define NR (NLIM + 6)
#include "verifier.inc"
#ifndef R_REENROL
#define R_REENROL 1  /* a re-enrolment needs leave once there is a current root */
#endif
#ifndef R_REPLACE
#define R_REPLACE 1  /* a record whose first root was never promoted is replaced without leave */
#endif
#ifndef R_KEEPCUR
#define R_KEEPCUR 1  /* the current root stays until the new one is used */
#endif
#ifndef R_KEEPATT
#define R_KEEPATT 1  /* attempt, boot_ids and tombstones outlive a re-enrolment */
#endif
#ifndef R_NOTOMB
#define R_NOTOMB 1   /* an enrolment buries no pending root: it names no base, and the device may hold that one */
#endif
#ifndef COPY
#define COPY 0       /* 1: a second device with the same TPM state and disk */
#endif
#ifndef LEAVE_GIVEN
#define LEAVE_GIVEN 0
#endif
#ifndef LOSS
#define LOSS 0       /* the device loses its state, and enrols again */
#endif
#define BLOCK 2

byte base[2], attempt[2], reserved[2], boot[2];
bool accepted[NQ];
byte n_loss = 0;
byte w, before, got_in = 0;
bool resync = false, copied = false, was_forked = false;
byte i;

inline take_attempt() {
    if :: (attempt[w] == reserved[w]) -> reserved[w] = attempt[w] + BLOCK :: else fi;
    attempt[w]++
}

inline handle_enrol(k) {
    o_kind = NONE; o_root = 0; o_code = 0; o_last = 0;
    if
    :: (R_ATT && R_KEEPATT && q[k].attempt <= s.last) -> refuse(C_ATTEMPT)
    :: (!(R_ATT && R_KEEPATT && q[k].attempt <= s.last) &&
        ((s.current != 0 && R_REENROL) || (s.current == 0 && s.pending != 0 && !R_REPLACE)) && !s.leave) ->
        refuse(C_APPROVAL)
    :: else ->
        if
        :: (nroot < root_limit) ->
            new_epoch = MAX(EPOCH(s.current), EPOCH(s.pending)) + 1;
            if :: R_NOTOMB -> s.pending = 0 :: else -> discard_pending() fi;
            if :: !R_KEEPATT -> s.last = 0; s.tombs = 0; s.old_boots = 0; s.boot = q[k].boot :: else fi;
            accept(k); grant(k); s.pending_resync = (s.current != 0); s.pending_enrol = true; s.enrolments++;
            if :: !R_KEEPCUR -> s.current = 0 :: else fi;
            persist(R_V1)
        :: else -> skip
        fi
    fi;
    new_epoch = 0
}

inline note_accepted(k) {
    if :: (o_kind == RESULT) -> assert(!accepted[k]); accepted[k] = true :: else fi
}

inline receive() {
    if
    :: (o_kind == RESULT && o_root != 0) -> base[w] = o_root
    :: (o_kind == RESULT && o_root == 0) -> skip
    :: (o_kind == REFUSAL) -> if :: (attempt[w] < o_last) -> attempt[w] = o_last; reserved[w] = o_last :: else fi
    :: else
    fi
}

inline exchange(label_) {
    take_attempt(); nq++;
    q[nq].label = label_; q[nq].base = (label_ == ENROL -> 0 : base[w]);
    q[nq].attempt = attempt[w]; q[nq].boot = boot[w];
    before = s.current;
    if
    :: (label_ == ENROL) -> handle_enrol(nq)
    :: else -> handle(nq)
    fi;
    if
    :: (label_ == ENROL && o_kind != RESULT) -> assert(s.current == before)
    :: (label_ == ENROL && o_kind == RESULT && before != 0) -> assert(s.current == before)
    :: else
    fi;
    assert(!(was_forked && label_ == ENROL && o_kind == RESULT));
    note_accepted(nq);
    if :: (COPY && o_code == C_FORKED) -> was_forked = true :: else fi
}

active proctype World() {
    atomic { boot[0] = 1; boot[1] = 1; s.boot = 1; copy(p, s) }
    do
    :: atomic { (nq < NREQ) ->
        if :: w = 0 :: (COPY && copied) -> w = 1 fi;
        if
        :: (base[w] == 0) -> exchange(ENROL)
        :: (base[w] != 0) -> exchange(REKEY)
        :: (base[w] != 0) -> exchange(ATTEST)
        :: (base[w] != 0 && (COPY || s.current == 0 || s.leave)) -> exchange(ENROL) /* it lost the answer, or would like to */
        fi;
        if :: true /* the answer is lost */ :: true -> receive() fi;
        o_kind = NONE; o_root = 0; o_code = 0; o_last = 0; w = 0 }
    :: atomic { (nq > 0) -> /* a request comes again */
        select(i : 1 .. nq);
        if :: (q[i].label != ENROL) -> handle(i); note_accepted(i) :: else fi;
        o_kind = NONE; o_root = 0; o_code = 0; o_last = 0; i = 0 }
    :: atomic { (n_loss < LOSS) -> n_loss++; base[0] = 0; attempt[0] = 0; reserved[0] = 0; boot[0] = 4 }
    :: atomic { (COPY && !copied && base[0] != 0) -> copied = true; boot[1] = 2; boot[0] = 3;
        base[1] = base[0]; attempt[1] = reserved[0]; attempt[0] = reserved[0]; reserved[1] = reserved[0] }
    :: atomic { (LEAVE_GIVEN && s.current != 0 && !s.leave && s.enrolments < 2) -> s.leave = true; p.leave = true }
    :: atomic { (s.pending != 0 && (base[0] == s.pending || (copied && base[1] == s.pending))) -> message(s.pending) }
    :: break
    od;
    /* The calm: enrol until there is a root, then rekey. */
    atomic {
        if
        :: (!COPY) ->
            root_limit = NR - 1; i = 0; w = 0; before = 0;
            do
            :: (i < 8 && got_in == 0) ->
                i++;
                if
                :: (base[0] == 0) -> exchange(ENROL)
                :: (base[0] != 0 && resync) -> resync = false; exchange(RESYNC)
                :: else -> exchange(REKEY)
                fi;
                if :: (o_code == C_UNKNOWN || o_code == C_FORKED) -> resync = true :: else fi;
                if :: (o_code == C_APPROVAL) -> assert(s.current != 0); s.leave = true :: else fi; /* a person is asked */
                if :: (o_kind == RESULT && o_root != 0) -> got_in = 1 :: else fi;
                receive(); message(base[0])
            :: else -> break
            od;
            assert(got_in == 1 && base[0] == s.current); assert(!E5)
        :: else
        fi
    }
}

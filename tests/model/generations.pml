/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generations of one epoch of the uplink: the receiver opens keys as messages come, in any order,
 * while a network attacker sends bytes that do not open.
 *
 * Claims: every honest message that arrives is taken, once, however late and in whatever order; bytes
 * that do not open move nothing; and E2 (a message in a generation that had ended below its slot) is
 * never raised without a thief. With a thief that ran ahead (it opened the next generation at a slot
 * that the device had not reached) the next honest message in the older generation raises E2.
 */
#ifndef N
#define N 5           /* slots 1..N, two for each generation; a start opens a new one */
#endif
#ifndef R_SCRATCH
#define R_SCRATCH 1   /* the receiver advances on an authentic message alone, on a scratch copy */
#endif
#ifndef R_KEEP
#define R_KEEP 1      /* keys of generations that were passed are kept for late messages */
#endif
#ifndef R_E2
#define R_E2 1
#endif
#ifndef R_NEWGEN
#define R_NEWGEN 1    /* a start opens a new generation (0: it goes on in the one before) */
#endif
#ifndef DCRASH
#define DCRASH 1
#endif
#ifndef JUNK
#define JUNK 1        /* messages that claim any generation and do not open */
#endif
#ifndef THIEF
#define THIEF 0
#endif
#define SKIP_MAX 6
#define GENS (N + 2)

byte seq = 0, gen = 0, in_gen = 0, gen_start = 1;
byte sent_gen[N + 1], sent_start[N + 1]; /* of the message in a slot; a start of 0: nothing sent */
byte key_used[GENS];                     /* run that used the generation's key, plus one */
byte life = 1;

byte next = 0;                            /* the receiver's chain */
bool kept[GENS], took[N + 1];
byte told_start[GENS];                    /* gen_start_seq as an authentic message told it; 0 */
bool alarm = false, refused = false, ahead = false, reused = false;
byte n_crash = 0, n_junk = 0, n_forged = 0, forged_gen = 0, forged_start = 0, i, m;

inline send() {
    if :: (in_gen == 2) -> gen++; in_gen = 0 :: else fi;
    seq++; in_gen++;
    if :: (in_gen == 1) -> gen_start = seq :: else fi;
    if :: (key_used[gen] != 0 && key_used[gen] != life) -> reused = true :: else -> key_used[gen] = life fi;
    sent_gen[seq] = gen; sent_start[seq] = gen_start
}

/* An authentic message: slot x, generation g that began at slot b. */
inline arrive(x, g, b) {
    if
    :: (g < next && !kept[g]) -> refused = true
    :: (g >= next && g - next > SKIP_MAX) -> refused = true
    :: else ->
        do
        :: (next <= g) -> kept[next] = (R_KEEP || next == g); next++
        :: else -> break
        od;
        if :: !R_KEEP -> for (i : 0 .. GENS - 1) { kept[i] = (i == next - 1) } i = 0 :: else fi;
        if :: (told_start[g] == 0) -> told_start[g] = b :: else fi;
        for (i : 0 .. GENS - 1) {
            if :: (R_E2 && i > g && told_start[i] != 0 && x >= told_start[i]) -> alarm = true :: else fi
        }
        i = 0; took[x] = true
    fi
}

active proctype World() {
    do
    :: atomic { (seq < N) -> send() }
    :: atomic { (n_crash < DCRASH && seq > 0) -> n_crash++; life++;
        if :: R_NEWGEN -> gen++; in_gen = 0 :: else -> in_gen = 0 fi }
    :: atomic { i = 1; do :: (i < N) -> i++ :: (sent_start[i] != 0) -> break od;
        m = i; i = 0; arrive(m, sent_gen[m], sent_start[m]);
        if :: (ahead && m >= forged_start && sent_gen[m] < forged_gen) -> assert(alarm) :: else fi; m = 0 }
    :: atomic { (n_junk < JUNK) -> n_junk++;
        if :: !R_SCRATCH -> m = next + 1; do :: (next <= m) -> kept[next] = false; next++ :: else -> break od; m = 0 :: else fi }
    :: atomic { (n_forged < THIEF && gen + 1 < GENS && seq < N) -> n_forged++; ahead = true;
        forged_gen = gen + 1; forged_start = seq + 1; arrive(forged_start, forged_gen, forged_start) }
    :: atomic { (!THIEF && alarm) -> assert(false) }
    :: atomic { refused -> assert(false) }
    :: atomic { reused -> assert(false) }
    :: break
    od
}

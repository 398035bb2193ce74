/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a ratchet's secrets. */

#include "ratchet/ratchet.h"

void ratchet_wipe(struct ratchet *r)
{
    pawl_wipe(r, sizeof(*r));
}

void generation_wipe(struct generation *g)
{
    pawl_wipe(g, sizeof(*g));
}

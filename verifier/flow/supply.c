/* SPDX-License-Identifier: Apache-2.0 */
/* POST /pawl/1/supply: what a result asked for. No result of this version hands out a ticket, so
 * none can be good. */

#include "flow/answer.h"

pawl_status flow_supply(struct flow *f, struct pawl_view body, struct answer *ret,
                        struct step *step, struct pawl_err *err)
{
    struct pawl_supply m;

    (void)f;
    (void)step;
    answer_begin(ret);
    PAWL_TRY(pawl_supply_parse(body, &m, err));
    answer_parsed(ret);
    return pawl_fail(err, PAWL_E_FORGED, "supply.ticket", "is none of ours");
}

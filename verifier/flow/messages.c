/* SPDX-License-Identifier: Apache-2.0 */
/* POST /pawl/1/messages: slots under keys of an epoch. No device of this version has an epoch, so
 * nothing in them can be authentic. */

#include "flow/answer.h"

pawl_status flow_messages(struct flow *f, struct pawl_view body, struct answer *ret,
                          struct step *step, struct pawl_err *err)
{
    struct pawl_messages_req m;

    (void)f;
    (void)step;
    answer_begin(ret);
    PAWL_TRY(pawl_messages_req_parse(body, &m, err));
    answer_parsed(ret);
    answer_names_device(ret, m.device_id);
    return pawl_fail(err, PAWL_E_STATE, "messages.cose", "the device has no keys for messages");
}

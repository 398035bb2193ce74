/* SPDX-License-Identifier: Apache-2.0 */
/* The key of a device's applications, which results name (cnf). */
#ifndef VERIFIER_FLOW_APP_KEY_H
#define VERIFIER_FLOW_APP_KEY_H

#include "flow/evidence.h"

/* The key that came with this evidence, into the record; nothing happens without one. Fails, naming
 * the field, unless the device's AK certified it for this tenant, verifier and device. Behind
 * evidence_quote: d has the AK that signed. */
PAWL_MUST_USE pawl_status app_key_take(struct flow *f, const struct evidence *ev, struct device *d,
                                       struct pawl_err *err);

#endif

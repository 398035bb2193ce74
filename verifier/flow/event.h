/* SPDX-License-Identifier: Apache-2.0 */
/* The one line that a step leaves in the device's events and in the verifier's log. */
#ifndef VERIFIER_FLOW_EVENT_H
#define VERIFIER_FLOW_EVENT_H

#include "store/store.h"

/* Of a line that was cut off in the middle of a character: without what is there of it. */
void event_end(char line[EVENT_LINE_MAX]);

/* Behind what the step tells already; what does not fit is cut off. */
void event_note(struct step *step, const char *fmt, ...) PAWL_PRINTF(2, 3);

#endif

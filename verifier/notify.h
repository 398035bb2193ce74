/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the service manager how far the service is: the datagram of sd_notify(3), which is all that
 * we need of its library. Without $NOTIFY_SOCKET nobody wants to know.
 */
#ifndef VERIFIER_NOTIFY_H
#define VERIFIER_NOTIFY_H

/* "READY=1", "STOPPING=1". That it does not arrive is logged; the manager ends who is never ready.
 */
void notify(const char *state);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Every option of pawlctl, whichever command takes it. */
#ifndef VERIFIER_CTL_OPTIONS_H
#define VERIFIER_CTL_OPTIONS_H

#include <getopt.h>

#include "ctl/ctl.h"

/* getopt's value of an option is OPTION_BASE + enum ctl_option. */
enum { OPTION_BASE = 256 };

/* Ends with one without a name. */
extern const struct option options[];

/* Without its dashes. */
const char *option_name(unsigned option);

#endif

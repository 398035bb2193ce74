/* SPDX-License-Identifier: Apache-2.0 */
/* A scratch directory for one test program, empty before each case and gone at the end. */
#ifndef TESTS_AGENT_SCRATCH_H
#define TESTS_AGENT_SCRATCH_H

/* cmocka's setup and teardown of a group, and setup of a case. */
int scratch_make(void **state);
int scratch_empty(void **state);
int scratch_remove(void **state);

/* Its path, and that of something in it. */
const char *scratch(void);
const char *scratch_path(const char *name);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that init copies into the state directory. */
#ifndef VERIFIER_CERTDIR_H
#define VERIFIER_CERTDIR_H

#include <pawl/base.h>

#define CERT_DIR_ROOTS         "roots"
#define CERT_DIR_LAB_ROOTS     "lab-roots"
#define CERT_DIR_INTERMEDIATES "intermediates"

/* path: a file of certificates (PEM or DER), or a directory of such files (*.pem, *.crt, *.cer,
 * *.der; others are passed over). Each file must hold a certificate; the error names it. A file
 * whose name ends otherwise gets the ending of its kind. CONFLICT for two files of one name. */
PAWL_MUST_USE pawl_status cert_dir_copy(const char *path, const char *into, struct pawl_err *err);

#endif

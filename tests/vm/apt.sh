# SPDX-License-Identifier: Apache-2.0
# Debian's packages for a machine that boots in QEMU: downloaded and unpacked, never installed. The
# package lists are of a directory's own, so that any user can do it, and for any architecture.
# Sourced, never run: with $arch and, for the lists, $new.

mkdir -p "$new/apt/lists/partial" "$new/apt/archives/partial"

apt() { # get | cache, and what it takes
    command="$1"
    shift
    "apt-$command" -q -o APT::Architecture="$arch" -o APT::Architectures="$arch" \
        -o Dir::State="$new/apt" -o Dir::State::status=/dev/null -o Dir::Cache="$new/apt" \
        -o Acquire::Languages=none -o APT::Sandbox::User="$(id -un)" "$@"
}

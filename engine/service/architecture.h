/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The architectures that machines can have: all that the service knows of one, in one table. */

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  const char *name;  /* as in machine.conf; its program is vitrine-machine-NAME */
  const char *title; /* for people */
  /* What there is to choose from (NULL-terminated); the first of each is a new machine's. */
  const char *const *boards, *const *firmware, *const *cpus;
  unsigned max_cpus;
  const char *board_options; /* what follows the board's name after -machine */
  /* Files that firmware_find_installed() finds. `bios` runs first whatever follows it; NULL: nothing does. */
  const char *bios;
  const char *uboot, *uboot_option; /* -bios, or what the firmware before it starts: -kernel */
  const char *efi_code, *efi_variables;
  uint64_t flash_size; /* of each of the two banks in which EFI firmware and its variables are */
} VtArchitecture;

/* Names of all, the usual one first; NULL-terminated. */
extern const char *const vt_architecture_names[];

const VtArchitecture *vt_architecture_find (const char *name); /* NULL: there is no such one */
/* Whether the program that runs its machines is here. */
bool vt_architecture_is_installed (const VtArchitecture *architecture);
/* Or else an error that says what is missing, and what there is. */
bool vt_architecture_check_installed (const char *name, GError **error);
/* Names of those that are installed, in the same order; to be freed by g_strfreev. */
char **vt_architecture_installed_names (void);
/* Of machines that nobody has said anything of: the first that is installed. */
const VtArchitecture *vt_architecture_usual (void);
/* As org.vitrine.Engine1:GetCapabilities has it (floating). */
GVariant *vt_architecture_to_variant (const VtArchitecture *architecture);

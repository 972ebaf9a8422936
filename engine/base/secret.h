/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Passwords by name, so that they need not stand where everybody can read a command line: -object secret. */

#include "keyval.h"

/* From "data=TEXT" or "file=PATH", and "format=raw|base64" of it. False and an error, also where there is one
 * of that id. It lives as long as the process. */
bool secret_new (const char *id, Keyval *kv, GError **error);
bool secret_exists (const char *id);
/* The text, newly allocated; false and an error where there is none of that id, or it is no text. */
bool secret_get (const char *id, char **ret, GError **error);

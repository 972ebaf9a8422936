/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A setting: its place in a struct, in machine.conf and on the bus, for all of which it is written down once.
 */

#include "machine-conf.h"

typedef enum {
  CONF_STRING,   /* s, char * */
  CONF_CHOICE,   /* s, char *: one of `choices` */
  CONF_UINT,     /* u, unsigned */
  CONF_BYTES,    /* t, uint64_t; in the file "2048 MiB" */
  CONF_TIME,     /* x, int64_t: seconds since 1970 */
  CONF_BOOL,     /* b, bool */
  CONF_STRINGS,  /* as, char ** */
  CONF_FORWARDS, /* a(sqsq), GPtrArray of VtConfForward; in the file "tcp:2222::22" */
} ConfType;

typedef struct {
  const char *key; /* the same in the file and on the bus */
  ConfType type;
  size_t offset;
  const char *fallback; /* as in the file; NULL: empty, 0, false */
  uint64_t min, max;    /* of numbers; the length of strings, if max is not 0 */
  const char *const *choices;
  bool live;     /* a change takes effect while the machine runs */
  bool fixed;    /* cannot be given, and never changes */
  bool birth;    /* is given when the machine is made, and never changes */
  bool required; /* must not be empty */
} ConfField;

typedef struct {
  const char *key;   /* on the bus: "disks" */
  const char *group; /* in the file: "disk", before a space and the id */
  const ConfField *fields;
  size_t list_offset; /* of the GPtrArray in VtConf */
  size_t size;
  unsigned max; /* how many */
} ConfList;

/* What belongs to the machine itself, its display, and lists of things (ends with a NULL key). */
extern const ConfField conf_machine_fields[], conf_display_fields[];
extern const ConfList conf_lists[];

/* The struct `base` holds the field's value. */
void conf_field_set_default (const ConfField *field, void *base);
void conf_field_clear (const ConfField *field, void *base);
void conf_fields_clear (const ConfField *fields, void *base);
void conf_fields_set_default (const ConfField *fields, void *base);
/* Errors say where: `what` is "memory" or "disk root: bus". */
bool conf_field_from_text (const ConfField *field, void *base, const char *text, const char *what,
                           GError **error);
char *conf_field_to_text (const ConfField *field, const void *base);
bool conf_field_from_variant (const ConfField *field, void *base, GVariant *value, const char *what,
                              GError **error);
GVariant *conf_field_to_variant (const ConfField *field, const void *base); /* floating */
bool conf_field_equal (const ConfField *field, const void *a, const void *b);
const ConfField *conf_field_find (const ConfField *fields, const char *key);
/* A dictionary a{sv} into the struct; the fields it does not name stay. */
bool conf_fields_from_variant (const ConfField *fields, void *base, GVariant *dict, const char *what,
                               GError **error);
GVariant *conf_fields_to_variant (const ConfField *fields, const void *base);

/* All by default, and no parts. */
VtConf *conf_alloc (void);
GPtrArray *conf_list_new (const ConfList *list);
/* The list's own array in a machine's settings. */
GPtrArray **conf_list_of (const ConfList *list, VtConf *conf);
void *conf_list_new_item (const ConfList *list);

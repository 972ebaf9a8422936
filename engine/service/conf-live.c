/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "conf-field.h"

#include <string.h>

/* What a running machine has taken up at once. */

static void
take_live (const ConfField *fields, void *to, const void *from)
{
  for (const ConfField *field = fields; field->key != NULL; field++) {
    g_autofree char *text = field->live ? conf_field_to_text (field, from) : NULL;
    if (text != NULL)
      conf_field_from_text (field, to, text, field->key, NULL);
  }
}

void
vt_conf_take_live (VtConf *conf, const VtConf *from)
{
  take_live (conf_machine_fields, conf, from);
  for (const ConfList *list = conf_lists; list->key != NULL; list++) {
    const GPtrArray *items = *conf_list_of (list, conf), *others = *conf_list_of (list, (VtConf *)from);
    for (unsigned i = 0; i < items->len; i++)
      for (unsigned k = 0; k < others->len; k++)
        if (conf_field_equal (list->fields, items->pdata[i], others->pdata[k]))
          take_live (list->fields, items->pdata[i], others->pdata[k]);
  }
}

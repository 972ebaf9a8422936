/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the device's interface (fw-cfg.c) knows of its items (fw-cfg-items.c). With the device's lock held. */

#include "fw-cfg.h"

typedef struct {
  char *name;      /* of a file, or NULL */
  GBytes *content; /* NULL for a writable file */
  uint8_t *data;   /* of a writable file; the caller's */
  size_t size;     /* of it */
  GBytes *(*get) (void *opaque);
  void (*on_write) (void *opaque, size_t offset, size_t size);
  void *opaque;
} FwCfgItem;

void fw_cfg_items_init (FwCfg *fw);
void fw_cfg_items_free (FwCfg *fw);
/* The item that a selector names, or NULL. */
FwCfgItem *fw_cfg_item (FwCfg *fw, uint32_t selector);
const uint8_t *fw_cfg_item_data (FwCfgItem *item, size_t *ret_size);
/* Asks an item with a callback for its content. */
void fw_cfg_item_refresh (FwCfg *fw, FwCfgItem *item);

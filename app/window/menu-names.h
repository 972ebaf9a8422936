/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Gives the items of all menus names that screen readers find: GTK (4.18) names an item by a label that it
 * hides from them. */
void vt_menu_names_install (void);

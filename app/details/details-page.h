/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A machine's details: what it uses, what it is made of, and its log. */

#include "machine.h"

#include <adwaita.h>

#define VT_TYPE_DETAILS_PAGE (vt_details_page_get_type ())
G_DECLARE_FINAL_TYPE (VtDetailsPage, vt_details_page, VT, DETAILS_PAGE, AdwBreakpointBin)

/* Property "machine" (VtMachine or NULL). */

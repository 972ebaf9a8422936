/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Reading with a budget. What a view gives ends where the file ends, whatever the file says of itself. */

#include "media-private.h"

#include <errno.h>
#include <unistd.h>

/* Small reads cost something, too, so that the budget is one of time as well. */
enum { LEAST_COST = 256 };

static ssize_t
read_file (int fd, uint64_t at, uint8_t *buffer, size_t size)
{
  size_t done = 0;
  while (done < size) {
    ssize_t n = pread (fd, buffer + done, size - done, (off_t)(at + done));
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -errno;
    if (n == 0)
      break;
    done += (size_t)n;
  }
  return (ssize_t)done;
}

static ssize_t
read_block (Block *block, uint64_t at, uint8_t *buffer, size_t size)
{
  uint64_t end = block_size (block);
  if (at >= end)
    return 0;
  size = MIN (size, end - at);
  int result = block_pread (block, at, buffer, size);
  return result < 0 ? result : (ssize_t)size;
}

/* The first failure is told; what else can be read is read. */
static void
input_failed (const View *view, uint64_t at, int error)
{
  Input *input = view->input;
  if (view->block) {
    input->damaged = true;
  } else if (!input->error) {
    input->error = error;
    input->error_at = at;
  }
}

static InputPage *
input_page (const View *view, uint64_t number)
{
  Input *input = view->input;
  InputPage *page = &input->pages[(number ^ number >> 4 ^ (view->block ? 7 : 0)) % INPUT_PAGES];
  if (page->size && page->number == number && page->block == view->block)
    return page;
  page->size = 0;
  if (g_cancellable_is_cancelled (input->cancellable)) {
    input->cancelled = true;
    return NULL;
  }
  ssize_t n = view->block ? read_block (view->block, number * INPUT_PAGE, page->data, INPUT_PAGE)
                          : read_file (input->fd, number * INPUT_PAGE, page->data, INPUT_PAGE);
  if (n < 0) {
    input_failed (view, number * INPUT_PAGE, (int)-n);
    return NULL;
  }
  page->size = (size_t)n;
  page->number = number;
  page->block = view->block;
  return page;
}

static bool
input_charge (Input *input, size_t size)
{
  uint64_t cost = MAX (size, LEAST_COST);
  if (cost > input->left) {
    input->exhausted = true;
    return false;
  }
  input->left -= cost;
  return !input->cancelled;
}

size_t
view_read (const View *view, uint64_t offset, void *buffer, size_t size)
{
  if (offset >= view->size)
    return 0;
  size = MIN (size, view->size - offset);
  if (!input_charge (view->input, size))
    return 0;
  size_t done = 0;
  while (done < size) {
    uint64_t at = view->start + offset + done;
    InputPage *page = input_page (view, at / INPUT_PAGE);
    size_t skip = at % INPUT_PAGE;
    if (!page || page->size <= skip)
      break;
    size_t n = MIN (page->size - skip, size - done);
    memcpy ((uint8_t *)buffer + done, page->data + skip, n);
    done += n;
  }
  return done;
}

bool
view_read_all (const View *view, uint64_t offset, void *buffer, size_t size)
{
  return view_read (view, offset, buffer, size) == size;
}

View
view_slice (const View *view, uint64_t offset, uint64_t size)
{
  View slice = *view;
  offset = MIN (offset, view->size);
  slice.start += offset;
  slice.size = MIN (size, view->size - offset);
  return slice;
}

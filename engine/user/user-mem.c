/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Copies between the host and guest memory which the guest may unmap or protect at any time. A fault inside
 * the copy routine is recognised by its program counter and becomes the routine's error return; nothing is
 * armed beforehand, so a copy costs nothing extra and is safe on any thread and inside signal handlers. */

#include "user-mmap.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#if defined __x86_64__

/* Copies n bytes forwards; returns 0, or 1 when a fault interrupted it. The only instruction that may fault
 * is the one at user_copy_access. */
int user_copy (void *dst, const void *src, size_t n);
extern const char user_copy_access[], user_copy_failed[];

__asm__ (".pushsection .text\n"
         ".p2align 4\n"
         ".type user_copy, @function\n"
         ".hidden user_copy\n"
         ".hidden user_copy_access\n"
         ".hidden user_copy_failed\n"
         ".globl user_copy, user_copy_access, user_copy_failed\n"
         "user_copy:\n"
         "  endbr64\n"
         "  mov %rdx, %rcx\n"
         "user_copy_access:\n"
         "  rep movsb\n"
         "  xor %eax, %eax\n"
         "  ret\n"
         "user_copy_failed:\n"
         "  mov $1, %eax\n"
         "  ret\n"
         ".size user_copy, . - user_copy\n"
         ".popsection\n");

bool
user_mem_fault (void *ucontext)
{
  greg_t *pc = &((ucontext_t *)ucontext)->uc_mcontext.gregs[REG_RIP];
  if (*pc != (greg_t)(uintptr_t)user_copy_access)
    return false;
  *pc = (greg_t)(uintptr_t)user_copy_failed;
  return true;
}

static bool
copy_in (void *host, uint64_t guest, size_t size)
{
  return user_copy (host, g2h (guest), size) == 0;
}

static bool
copy_out (uint64_t guest, const void *host, size_t size)
{
  return user_copy (g2h (guest), host, size) == 0;
}

#else

/* Elsewhere the kernel does the copy, and reports the fault. */
bool
user_mem_fault (void *ucontext)
{
  return false;
}

static bool
copy_in (void *host, uint64_t guest, size_t size)
{
  struct iovec local = { host, size }, remote = { g2h (guest), size };
  return process_vm_readv (getpid (), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static bool
copy_out (uint64_t guest, const void *host, size_t size)
{
  struct iovec local = { (void *)host, size }, remote = { g2h (guest), size };
  return process_vm_writev (getpid (), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

#endif

/* A pointer outside the address space may still be a tagged one. */
static bool
in_space (uint64_t *guest, size_t size)
{
  if (G_LIKELY (user_range_ok (*guest, size)))
    return true;
  *guest = user_untag (*guest);
  return user_range_ok (*guest, size);
}

int
user_read (void *host, uint64_t guest, size_t size)
{
  if (!size)
    return 0;
  return in_space (&guest, size) && copy_in (host, guest, size) ? 0 : -EFAULT;
}

int
user_write (uint64_t guest, const void *host, size_t size)
{
  if (!size)
    return 0;
  return in_space (&guest, size) && copy_out (guest, host, size) ? 0 : -EFAULT;
}

char *
user_read_string (uint64_t guest, size_t max, int *ret_error)
{
  GByteArray *text = g_byte_array_new ();
  while (text->len < max) {
    /* Never past the page's end: the string may stop just before an unmapped one. */
    size_t chunk = MIN (4096 - (guest & 4095), max - text->len);
    guint start = text->len;
    g_byte_array_set_size (text, start + (guint)chunk);
    if (user_read (text->data + start, guest, chunk) < 0) {
      *ret_error = -EFAULT;
      g_byte_array_unref (text);
      return NULL;
    }
    if (memchr (text->data + start, 0, chunk)) {
      *ret_error = 0;
      return (char *)g_byte_array_free (text, FALSE);
    }
    guest += chunk;
  }
  *ret_error = -ENAMETOOLONG;
  g_byte_array_unref (text);
  return NULL;
}

size_t
user_fetch (Cpu *cpu, uint64_t pc, uint8_t *out, size_t want, IrFault *ret_fault)
{
  size_t done = 0;
  if (pc & (cpu->isa->insn_align - 1)) {
    *ret_fault = (IrFault){ .addr = pc, .signo = SIGBUS, .si_code = BUS_ADRALN };
    return 0;
  }
  while (done < want) {
    uint64_t addr = pc + done;
    size_t chunk = MIN (want - done, 4096 - (addr & 4095));
    IrFault fault = { .addr = addr, .signo = SIGSEGV };
    int prot = addr < guest_space_size ? user_page_prot (addr) : -1;
    if (prot < 0)
      fault.si_code = SEGV_MAPERR;
    else if (!(prot & PROT_EXEC))
      fault.si_code = SEGV_ACCERR;
    else if (user_read (out + done, addr, chunk) < 0)
      /* Executable and mapped, yet not there: beyond the end of its file. */
      fault.signo = SIGBUS, fault.si_code = BUS_ADRERR;
    if (fault.si_code) {
      if (!done)
        *ret_fault = fault;
      return done;
    }
    done += chunk;
  }
  return done;
}

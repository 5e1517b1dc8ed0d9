/* Preloaded into ucx_perftest, so that memory that is advised to use huge pages is populated at once. Otherwise perftest's
   send buffer is never written: its 256 MiB are one zero page, which is read repeatedly from the processor's cache. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

int madvise(void *address, size_t length, int advice)
{
    int status = (int)syscall(SYS_madvise, address, length, advice);
    if (status == 0 && advice == MADV_HUGEPAGE)
        status = (int)syscall(SYS_madvise, address, length, MADV_POPULATE_WRITE);
    return status;
}

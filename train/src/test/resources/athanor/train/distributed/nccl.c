// Stands in for libnccl.so.2: writes its calls to NCCL_LOG, and refuses what NCCL_REFUSES names.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { char internal[128]; } ncclUniqueId;

static int call(const char *name) {
    const char *refused = getenv("NCCL_REFUSES");
    return refused && !strcmp(refused, name) ? 3 : 0;
}

static FILE *log_file(void) { return fopen(getenv("NCCL_LOG"), "a"); }

#define LOG(...) do { FILE *f = log_file(); fprintf(f, __VA_ARGS__); fputc('\n', f); fclose(f); } while (0)

int ncclGetVersion(int *version) { *version = 22304; return call("ncclGetVersion"); }

int ncclGetUniqueId(ncclUniqueId *id) {
    for (int i = 0; i < 128; i++) id->internal[i] = (char) (i + 1);
    LOG("id");
    return call("ncclGetUniqueId");
}

int ncclCommInitRank(void **comm, int size, ncclUniqueId id, int rank) {
    int whole = 1;
    for (int i = 0; i < 128; i++) whole &= id.internal[i] == (char) (i + 1);
    LOG("init %d of %d, id %s", rank, size, whole ? "whole" : "broken");
    *comm = (void *) 0xc0;
    return call("ncclCommInitRank");
}

int ncclAllReduce(const void *from, void *to, size_t count, int type, int op, void *comm, void *stream) {
    LOG("allReduce %s %zu of type %d, op %d, comm %p, stream %s", from == to ? "in place" : "elsewhere", count, type, op,
        comm, stream ? "given" : "default");
    return call("ncclAllReduce");
}

int ncclBroadcast(const void *from, void *to, size_t count, int type, int root, void *comm, void *stream) {
    LOG("broadcast %s %zu of type %d, root %d, comm %p, stream %s", from == to ? "in place" : "elsewhere", count, type,
        root, comm, stream ? "given" : "default");
    return call("ncclBroadcast");
}

int ncclGroupStart(void) { LOG("group"); return call("ncclGroupStart"); }

int ncclGroupEnd(void) { LOG("end"); return call("ncclGroupEnd"); }

int ncclCommGetAsyncError(void *comm, int *result) {
    *result = call("async");
    return call("ncclCommGetAsyncError");
}

int ncclCommDestroy(void *comm) { LOG("destroy %p", comm); return call("ncclCommDestroy"); }

const char *ncclGetErrorString(int code) { return code == 3 ? "internal error" : "no error"; }

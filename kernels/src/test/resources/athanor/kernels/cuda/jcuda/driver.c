/* Stands in for libcuda.so.1: device memory is the host's, and each call is a line of the log. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note(const char *format, ...) {
    const char *path = getenv("STUB_LOG");
    if (path) {
        FILE *file = fopen(path, "a");
        va_list arguments;
        va_start(arguments, format);
        vfprintf(file, format, arguments);
        va_end(arguments);
        fputc('\n', file);
        fclose(file);
    }
}

static size_t live = 0;

int cuInit(unsigned flags) { return getenv("STUB_LOG") ? 0 : 100; }
int cuDriverGetVersion(int *version) { *version = 12040; return 0; }
int cuDeviceGetCount(int *count) { *count = 1; return 0; }
int cuDeviceGet(int *device, int number) { *device = number; return number == 0 ? 0 : 101; }
int cuDeviceGetName(char *name, int length, int device) { strcpy(name, "Stub 1"); return 0; }
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = 1 << 20; return 0; }
int cuDeviceGetAttribute(int *value, int which, int device) {
    *value = which == 75 ? 8 : which == 76 ? 6 : which == 16 ? 28 : which == 97 ? 101376 : -1;
    return 0;
}
int cuDevicePrimaryCtxRetain(void **context, int device) { *context = (void *) 0xC0; return 0; }
int cuDevicePrimaryCtxRelease_v2(int device) { note("release, live %zu", live); return 0; }
int cuCtxSetCurrent(void *context) { return context == (void *) 0xC0 ? 0 : 201; }
int cuCtxSynchronize(void) { note("synchronize"); return 0; }
int cuMemGetInfo_v2(size_t *free, size_t *total) { *free = 7; *total = 1 << 20; return 0; }
int cuMemAlloc_v2(uint64_t *address, size_t bytes) {
    if (bytes > 1 << 20) return 2;
    *address = (uint64_t) malloc(bytes);
    live++;
    return 0;
}
int cuMemFree_v2(uint64_t address) { free((void *) address); live--; return 0; }
int cuMemHostAlloc(void **memory, size_t bytes, unsigned flags) { *memory = malloc(bytes); live++; return 0; }
int cuMemFreeHost(void *memory) { free(memory); live--; return 0; }
int cuStreamCreate(void **stream, unsigned flags) { *stream = (void *) 0x51; note("stream %u", flags); return 0; }
int cuStreamDestroy_v2(void *stream) { note("stream %p gone", stream); return 0; }
int cuStreamSynchronize(void *stream) { note("synchronize stream %p", stream); return 0; }
int cuStreamWaitEvent(void *stream, void *event, unsigned flags) { note("stream %p awaits %p", stream, event); return 0; }
int cuEventCreate(void **event, unsigned flags) { *event = (void *) (0xE0ul + flags); return 0; }
int cuEventDestroy_v2(void *event) { note("event %p gone", event); return 0; }
int cuEventRecord(void *event, void *stream) { note("event %p in %p", event, stream); return 0; }
int cuEventQuery(void *event) { return event == (void *) 0xE0 ? 0 : 600; }
int cuEventSynchronize(void *event) { note("synchronize event %p", event); return 0; }
int cuEventElapsedTime(float *time, void *start, void *end) { *time = 1.5f; return 0; }
int cuMemcpyHtoDAsync_v2(uint64_t to, void *from, size_t bytes, void *stream) { memcpy((void *) to, from, bytes); return 0; }
int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, void *stream) { memcpy(to, (void *) from, bytes); return 0; }
int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void *stream) { memcpy((void *) to, (void *) from, bytes); return 0; }
int cuMemsetD32Async(uint64_t to, unsigned word, size_t words, void *stream) {
    for (size_t i = 0; i < words; i++) ((unsigned *) to)[i] = word;
    return 0;
}
int cuModuleLoadDataEx(void **module, const void *text, unsigned count, int *options, void **values) {
    if (strcmp(text, "good")) {
        for (unsigned i = 0; i < count; i++) {
            if (options[i] == 5) strcpy(values[i], "line 3: no such instruction");
        }
        return 218;
    }
    *module = (void *) 0x30;
    return 0;
}
int cuModuleUnload(void *module) { note("module %p gone", module); return 0; }
int cuModuleGetFunction(void **function, void *module, const char *name) {
    *function = (void *) 0xF0;
    return strcmp(name, "fill") ? 500 : 0;
}
int cuFuncSetAttribute(void *function, int which, int value) { note("attribute %d is %d", which, value); return 0; }
int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void *stream, void **arguments, void **extra) {
    note("launch %p %u %u %u, %u %u %u, %u, %p: %lx %d %g %lx", function, gx, gy, gz, bx, by, bz, shared, stream,
         *(long *) arguments[0], *(int *) arguments[1], *(float *) arguments[2], *(long *) arguments[3]);
    return bx * by * bz > 1024 ? 1 : 0;
}
int cuStreamBeginCapture_v2(void *stream, int mode) { note("capture %p %d", stream, mode); return 0; }
int cuStreamEndCapture(void *stream, void **graph) { *graph = (void *) 0x60; return 0; }
int cuGraphInstantiateWithFlags(void **instance, void *graph, unsigned long flags) { *instance = (void *) 0x61; return 0; }
int cuGraphLaunch(void *instance, void *stream) { note("graph %p in %p", instance, stream); return 0; }
int cuGraphExecDestroy(void *instance) { note("graph %p gone", instance); return 0; }
int cuGraphDestroy(void *graph) { note("graph %p gone", graph); return 0; }

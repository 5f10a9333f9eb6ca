/* Stands in for libcublas.so.12: each call is a line of the log. */
#include <stdio.h>
#include <stdlib.h>

#define NOTE(...) \
    do { \
        FILE *file = fopen(getenv("STUB_LOG"), "a"); \
        fprintf(file, __VA_ARGS__); \
        fputc('\n', file); \
        fclose(file); \
    } while (0)

int cublasCreate_v2(void **handle) { *handle = (void *) 0xB0; return 0; }
int cublasDestroy_v2(void *handle) { NOTE("cublas %p gone", handle); return 0; }
int cublasSetStream_v2(void *handle, void *stream) { NOTE("cublas in %p", stream); return 0; }
int cublasSetWorkspace_v2(void *handle, void *memory, size_t bytes) { NOTE("cublas workspace %p %zu", memory, bytes); return 0; }
int cublasSetMathMode(void *handle, int mode) { NOTE("cublas math %d", mode); return 0; }
int cublasSgemm_v2(void *handle, int opa, int opb, int m, int n, int k, float *alpha, void *a, int lda, void *b, int ldb,
                   float *beta, void *c, int ldc) {
    NOTE("sgemm %d %d, %d %d %d, %g, %p %d, %p %d, %g, %p %d", opa, opb, m, n, k, *alpha, a, lda, b, ldb, *beta, c, ldc);
    return lda < (opa ? k : m) ? 7 : 0;
}
int cublasSgemmStridedBatched(void *handle, int opa, int opb, int m, int n, int k, float *alpha, void *a, int lda, long sa,
                              void *b, int ldb, long sb, float *beta, void *c, int ldc, long sc, int batch) {
    NOTE("batched %d %d, %d %d %d, %g, %p %d %ld, %p %d %ld, %g, %p %d %ld, %d", opa, opb, m, n, k, *alpha, a, lda, sa, b,
         ldb, sb, *beta, c, ldc, sc, batch);
    return 0;
}
int cublasGemmEx(void *handle, int opa, int opb, int m, int n, int k, float *alpha, void *a, int ta, int lda, void *b, int tb,
                 int ldb, float *beta, void *c, int tc, int ldc, int compute, int algorithm) {
    NOTE("gemmEx %d %d, %d %d %d, %g, %p %d %d, %p %d %d, %g, %p %d %d, %d %d", opa, opb, m, n, k, *alpha, a, ta, lda, b, tb,
         ldb, *beta, c, tc, ldc, compute, algorithm);
    return 0;
}

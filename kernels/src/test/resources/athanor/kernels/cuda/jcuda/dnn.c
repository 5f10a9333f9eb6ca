/* Stands in for libcudnn.so.8: each call is a line of the log; a descriptor is the number of its creation. */
#include <stdio.h>
#include <stdlib.h>

#define NOTE(...) \
    do { \
        FILE *file = fopen(getenv("STUB_LOG"), "a"); \
        fprintf(file, __VA_ARGS__); \
        fputc('\n', file); \
        fclose(file); \
    } while (0)

static long last = 0;
static int output[4]; /* of the second descriptor, which is the output's */

int cudnnCreate(void **handle) { *handle = (void *) 0xD0; return 0; }
int cudnnDestroy(void *handle) { NOTE("cudnn %p gone", handle); return 0; }
int cudnnSetStream(void *handle, void *stream) { NOTE("cudnn in %p", stream); return 0; }
int cudnnCreateTensorDescriptor(long *it) { *it = ++last; return 0; }
int cudnnCreateFilterDescriptor(long *it) { *it = ++last; return 0; }
int cudnnCreateConvolutionDescriptor(long *it) { *it = ++last; return 0; }
int cudnnCreateActivationDescriptor(long *it) { *it = ++last; return 0; }
int cudnnDestroyTensorDescriptor(long it) { NOTE("descriptor %ld gone", it); return 0; }
int cudnnDestroyFilterDescriptor(long it) { NOTE("descriptor %ld gone", it); return 0; }
int cudnnDestroyConvolutionDescriptor(long it) { NOTE("descriptor %ld gone", it); return 0; }
int cudnnDestroyActivationDescriptor(long it) { NOTE("descriptor %ld gone", it); return 0; }
int cudnnSetTensor4dDescriptor(long it, int format, int type, int n, int c, int h, int w) {
    if (it == 2) output[0] = n, output[1] = c, output[2] = h, output[3] = w;
    NOTE("%ld: tensor, format %d, type %d, n %d, c %d, h %d, w %d", it, format, type, n, c, h, w);
    return 0;
}
int cudnnSetFilter4dDescriptor(long it, int type, int format, int k, int c, int h, int w) {
    NOTE("%ld: filter, format %d, type %d, k %d, c %d, h %d, w %d", it, format, type, k, c, h, w);
    return 0;
}
int cudnnSetConvolution2dDescriptor(long it, int ph, int pw, int sh, int sw, int dh, int dw, int mode, int type) {
    NOTE("%ld: padding %d %d, stride %d %d, dilation %d %d, mode %d, type %d", it, ph, pw, sh, sw, dh, dw, mode, type);
    return 0;
}
int cudnnGetConvolution2dForwardOutputDim(long it, long x, long f, int *n, int *c, int *h, int *w) {
    NOTE("output of %ld %ld %ld", it, x, f);
    *n = output[0], *c = output[1], *h = output[2], *w = output[3];
    if (last > 6) *w += 1; /* a second convolution's: wrong, to be noticed */
    return 0;
}
int cudnnSetConvolutionGroupCount(long it, int groups) { NOTE("%ld: groups %d", it, groups); return 0; }
int cudnnSetConvolutionMathType(long it, int math) { NOTE("%ld: math %d", it, math); return 0; }
int cudnnSetActivationDescriptor(long it, int mode, int nan, double bound) {
    NOTE("%ld: activation %d, nan %d, bound %g", it, mode, nan, bound);
    return 0;
}
int cudnnGetConvolutionForwardWorkspaceSize(void *handle, long x, long w, long c, long y, int algorithm, size_t *bytes) {
    NOTE("forward workspace %ld %ld %ld %ld, %d", x, w, c, y, algorithm);
    *bytes = 11;
    return algorithm == 0 ? 9 : 0;
}
int cudnnGetConvolutionBackwardDataWorkspaceSize(void *handle, long w, long y, long c, long x, int algorithm, size_t *bytes) {
    NOTE("data workspace %ld %ld %ld %ld, %d", w, y, c, x, algorithm);
    *bytes = 12;
    return 0;
}
int cudnnGetConvolutionBackwardFilterWorkspaceSize(void *handle, long x, long y, long c, long w, int algorithm, size_t *bytes) {
    NOTE("filter workspace %ld %ld %ld %ld, %d", x, y, c, w, algorithm);
    *bytes = 13;
    return 0;
}
#define CONVOLUTION(NAME) \
    int NAME(void *handle, float *alpha, long d1, void *p1, long d2, void *p2, long c, int algorithm, void *workspace, \
             size_t bytes, float *beta, long d3, void *p3) { \
        NOTE("%s %g, %ld %p, %ld %p, %ld, %d, %p %zu, %g, %ld %p", #NAME, *alpha, d1, p1, d2, p2, c, algorithm, workspace, \
             bytes, *beta, d3, p3); \
        return 0; \
    }
CONVOLUTION(cudnnConvolutionForward)
CONVOLUTION(cudnnConvolutionBackwardData)
CONVOLUTION(cudnnConvolutionBackwardFilter)
int cudnnConvolutionBiasActivationForward(void *handle, float *alpha1, long dx, void *x, long dw, void *w, long c,
                                          int algorithm, void *workspace, size_t bytes, float *alpha2, long dz, void *z,
                                          long dbias, void *bias, long activation, long dy, void *y) {
    NOTE("fused %g, %ld %p, %ld %p, %ld, %d, %p %zu, %g, %ld %p, %ld %p, %ld, %ld %p", *alpha1, dx, x, dw, w, c, algorithm,
         workspace, bytes, *alpha2, dz, z, dbias, bias, activation, dy, y);
    return 0;
}

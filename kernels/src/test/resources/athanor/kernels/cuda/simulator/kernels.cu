// Kernels as people write them, for the simulator's tests. kernels.ptx was made from this file by
//   nvcc -ptx -arch=compute_75 kernels.cu -o kernels.ptx
// of CUDA 13.0, with `.version 9.0` and `.target sm_75` lowered to 7.0 and sm_70.

#include <cuda_fp16.h>

extern "C" {

__global__ void vectorAdd(const float* a, const float* b, float* y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = a[i] + b[i];
}

__global__ void saxpy4(float alpha, const float4* x, float4* y, int n4) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n4; i += gridDim.x * blockDim.x) {
        float4 a = x[i];
        float4 b = y[i];
        b.x += alpha * a.x;
        b.y += alpha * a.y;
        b.z += alpha * a.z;
        b.w += alpha * a.w;
        y[i] = b;
    }
}

#define TILE 32

__global__ void transpose(const float* x, float* y, int rows, int columns) {
    __shared__ float tile[TILE][TILE + 1];
    int column = blockIdx.x * TILE + threadIdx.x;
    int row = blockIdx.y * TILE + threadIdx.y;
    for (int k = 0; k < TILE; k += 8)
        if (row + k < rows && column < columns)
            tile[threadIdx.y + k][threadIdx.x] = x[(row + k) * columns + column];
    __syncthreads();
    column = blockIdx.y * TILE + threadIdx.x;
    row = blockIdx.x * TILE + threadIdx.y;
    for (int k = 0; k < TILE; k += 8)
        if (row + k < columns && column < rows)
            y[(row + k) * rows + column] = tile[threadIdx.x][threadIdx.y + k];
}

__device__ float blockSum(float value, float* parts) {
    for (int o = 16; o > 0; o >>= 1) value += __shfl_down_sync(0xffffffffu, value, o);
    if ((threadIdx.x & 31) == 0) parts[threadIdx.x >> 5] = value;
    __syncthreads();
    if (threadIdx.x < 32) {
        value = threadIdx.x < (blockDim.x >> 5) ? parts[threadIdx.x] : 0;
        for (int o = 16; o > 0; o >>= 1) value += __shfl_down_sync(0xffffffffu, value, o);
        if (threadIdx.x == 0) parts[0] = value;
    }
    __syncthreads();
    float sum = parts[0];
    __syncthreads();
    return sum;
}

__global__ void blockReduce(const float* x, float* sums, int n) {
    __shared__ float parts[32];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    float sum = blockSum(i < n ? x[i] : 0, parts);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

__global__ void treeReduce(const float* x, float* sums, int n) {
    extern __shared__ float tree[];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    tree[threadIdx.x] = i < n ? x[i] : 0;
    __syncthreads();
    for (int o = blockDim.x / 2; o > 0; o >>= 1) {
        if (threadIdx.x < o) tree[threadIdx.x] += tree[threadIdx.x + o];
        __syncthreads();
    }
    if (threadIdx.x == 0) sums[blockIdx.x] = tree[0];
}

__global__ void softmaxRows(const float* __restrict__ x, float* y, int columns) {
    __shared__ float parts[32];
    const float* in = x + (long long)blockIdx.x * columns;
    float* out = y + (long long)blockIdx.x * columns;
    float most = -INFINITY;
    for (int i = threadIdx.x; i < columns; i += blockDim.x) most = fmaxf(most, in[i]);
    for (int o = 16; o > 0; o >>= 1) most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, o));
    if ((threadIdx.x & 31) == 0) parts[threadIdx.x >> 5] = most;
    __syncthreads();
    for (int i = 0; i < blockDim.x >> 5; i++) most = fmaxf(most, parts[i]);
    __syncthreads();
    float sum = 0;
    for (int i = threadIdx.x; i < columns; i += blockDim.x) sum += expf(in[i] - most);
    sum = blockSum(sum, parts);
    for (int i = threadIdx.x; i < columns; i += blockDim.x) out[i] = expf(in[i] - most) / sum;
}

__global__ void welford(const float* x, float* mean, float* variance, int n) {
    __shared__ float means[256], squares[256];
    __shared__ int counts[256];
    float m = 0, s = 0;
    int count = 0;
    for (int i = threadIdx.x; i < n; i += blockDim.x) {
        float value = x[blockIdx.x * n + i];
        count++;
        float delta = value - m;
        m += delta / count;
        s += delta * (value - m);
    }
    means[threadIdx.x] = m;
    squares[threadIdx.x] = s;
    counts[threadIdx.x] = count;
    __syncthreads();
    for (int o = blockDim.x / 2; o > 0; o >>= 1) {
        if (threadIdx.x < o) {
            int other = counts[threadIdx.x + o];
            int all = counts[threadIdx.x] + other;
            if (other > 0) {
                float delta = means[threadIdx.x + o] - means[threadIdx.x];
                means[threadIdx.x] += delta * other / all;
                squares[threadIdx.x] += squares[threadIdx.x + o]
                        + delta * delta * counts[threadIdx.x] * other / all;
                counts[threadIdx.x] = all;
            }
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        mean[blockIdx.x] = means[0];
        variance[blockIdx.x] = squares[0] / n;
    }
}

__global__ void histogram(const unsigned char* x, unsigned int* bins, int n) {
    __shared__ unsigned int local[256];
    for (int i = threadIdx.x; i < 256; i += blockDim.x) local[i] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        atomicAdd(&local[x[i]], 1u);
    __syncthreads();
    for (int i = threadIdx.x; i < 256; i += blockDim.x)
        if (local[i] > 0) atomicAdd(&bins[i], local[i]);
}

__constant__ float filter[9] = {1, 2, 1, 2, 4, 2, 1, 2, 1};

__global__ void convolve3x3(const float* x, float* y, int height, int width) {
    int column = blockIdx.x * blockDim.x + threadIdx.x;
    int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (column >= width || row >= height) return;
    float sum = 0;
    for (int r = -1; r <= 1; r++)
        for (int c = -1; c <= 1; c++)
            if (row + r >= 0 && row + r < height && column + c >= 0 && column + c < width)
                sum += x[(row + r) * width + column + c] * filter[(r + 1) * 3 + c + 1];
    y[row * width + column] = sum;
}

__global__ void scan(const int* x, int* y) {
    __shared__ int sums[2][256];
    int now = 0;
    sums[now][threadIdx.x] = x[blockIdx.x * blockDim.x + threadIdx.x];
    __syncthreads();
    for (int o = 1; o < blockDim.x; o *= 2) {
        int value = sums[now][threadIdx.x];
        if (threadIdx.x >= o) value += sums[now][threadIdx.x - o];
        sums[1 - now][threadIdx.x] = value;
        now = 1 - now;
        __syncthreads();
    }
    y[blockIdx.x * blockDim.x + threadIdx.x] = sums[now][threadIdx.x];
}

// Rows of y: tanh, rsqrt, x / 3.7, sin, log, pow 2.5, sqrt, erf.
__global__ void functions(const float* x, float* y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    float v = x[i];
    y[i] = tanhf(v);
    y[n + i] = rsqrtf(v);
    y[2 * n + i] = v / 3.7f;
    y[3 * n + i] = sinf(v * 50000.0f);
    y[4 * n + i] = logf(v);
    y[5 * n + i] = powf(v, 2.5f);
    y[6 * n + i] = sqrtf(v);
    y[7 * n + i] = erff(v);
}

__global__ void toHalfAndBack(const float* x, __half* h, float* y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    h[i] = __float2half(x[i]);
    y[i] = __half2float(h[i]);
}

__global__ void doubles(const double* x, double* y, long long* whole, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    y[i] = exp(x[i]) / (1 + x[i] * x[i]);
    whole[i] = (long long)rint(x[i] * 1e6) % 1000003;
}

// Which element of each row is the largest, by a tree in shared memory.
__global__ void argmaxRows(const float* x, int* y, int columns) {
    __shared__ volatile float best[128];
    __shared__ volatile int place[128];
    int at = 0;
    float most = -INFINITY;
    for (int i = threadIdx.x; i < columns; i += blockDim.x) {
        float v = x[blockIdx.x * columns + i];
        if (v > most) { most = v; at = i; }
    }
    best[threadIdx.x] = most;
    place[threadIdx.x] = at;
    __syncthreads();
    for (int o = 64; o > 0; o >>= 1) {
        if (threadIdx.x < o) {
            float other = best[threadIdx.x + o];
            if (other > best[threadIdx.x]
                    || (other == best[threadIdx.x] && place[threadIdx.x + o] < place[threadIdx.x])) {
                best[threadIdx.x] = other;
                place[threadIdx.x] = place[threadIdx.x + o];
            }
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) y[blockIdx.x] = place[0];
}

// The positive numbers of each warp, packed to its front, and how many they are.
__global__ void compact(const int* x, int* y, int* counts) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int lane = threadIdx.x & 31;
    int v = x[i];
    unsigned keep = __ballot_sync(0xffffffffu, v > 0);
    if (v > 0) y[i - lane + __popc(keep & ((1u << lane) - 1))] = v;
    if (lane == 0) counts[i >> 5] = __popc(keep) + (__any_sync(1u, v < 0) ? 100 : 0);
}

// Each thread's small table lies in local memory.
__global__ void table(const int* x, int* y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int squares[16];
    for (int k = 0; k < 16; k++) squares[k] = k * k + i;
    y[i] = squares[x[i] & 15] + squares[(x[i] >> 4) & 15];
}

}

package athanor.kernels.cuda.simulator;

/// A parameter of a kernel: `bytes` bytes at `offset` of the packed arguments.
public record Parameter(String name, PtxType type, int offset, int bytes) {}

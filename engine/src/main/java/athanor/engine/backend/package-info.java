/// The backends: plain loops in double (the oracle) and SIMD kernels on the CPU.
@NullMarked
package athanor.engine.backend;

import org.jspecify.annotations.NullMarked;

package athanor.kernels.cuda.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the simulator finds and says.
class SimulatorTest {
    /// A kernel `k` of an address x and the body; `%r0` is the thread's number in its block, `%rd0`
    /// is x and `%rd1` is x + 4 * number; 32 words of shared memory are `words`.
    private static String kernel(String body) {
        return """
        .version 7.0
        .target sm_70
        .address_size 64
        .visible .entry k(.param .u64 x)
        {
        .reg .pred %p<4>;
        .reg .b32 %r<8>;
        .reg .f32 %f<8>;
        .reg .b64 %rd<8>;
        .shared .align 4 .b32 words[32];
        mov.u32 %r0, %tid.x;
        ld.param.u64 %rd0, [x];
        mad.wide.u32 %rd1, %r0, 4, %rd0;
        """
                + body
                + "\nret;\n}\n";
    }

    private static Gpu gpu(String body) {
        return new Gpu(PtxModule.parse(kernel(body)), 1);
    }

    private static KernelFault fault(String body, int blocks, int threads) {
        Gpu gpu = gpu(body);
        long x = gpu.on(new int[64]);
        return catchThrowableOfType(
                KernelFault.class, () -> gpu.run("k", Dim3.of(blocks), Dim3.of(threads), 0, x));
    }

    @Test
    void an_access_out_of_bounds_names_everything() {
        KernelFault fault = fault("st.global.u32 [%rd1+128], %r0;", 1, 64);
        assertThat(fault.kind()).isEqualTo(KernelFault.Kind.OUT_OF_BOUNDS);
        assertThat(fault.line()).isEqualTo(14);
        assertThat(fault)
                .hasMessageMatching(
                        "kernel k, PTX line 14 `st.global.u32 \\[%rd1\\+128\\], %r0;`, block"
                                + " \\(0,0,0\\), thread \\(32,0,0\\): 4 bytes: address 0x[0-9a-f]+"
                                + " lies 0 bytes after the end of the allocation of 256 bytes at"
                                + " 0x[0-9a-f]+");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    MISALIGNED    | ld.global.u64 %rd2, [%rd1];
                    OUT_OF_BOUNDS | mov.u32 %r1, words; ld.shared.u32 %r2, [%r1+128];
                    OUT_OF_BOUNDS | mov.u64 %rd2, 16; ld.global.u32 %r1, [%rd2];
                    UNINITIALIZED | ld.shared.u32 %r2, [words];
                    RACE          | st.shared.u32 [words], %r0;
                    RACE          | st.global.u32 [%rd0], %r0;
                    TRAP          | trap;
                    DIVERGENCE    | setp.lt.u32 %p0, %r0, 8; @%p0 bar.sync 0; st.global.u32 [%rd1], 1;
                    DIVERGENCE    | setp.lt.u32 %p0, %r0, 8; @%p0 shfl.sync.idx.b32 %r1, %r0, 0, 31, -1; st.global.u32 [%rd1], 1;
                    DIVERGENCE    | setp.lt.u32 %p0, %r0, 8; @%p0 shfl.sync.idx.b32 %r1, %r0, 9, 31, 255; st.global.u32 [%rd1], 1;
                    DEADLOCK      | shr.u32 %r1, %r0, 5; bar.sync %r1;
                    ENDLESS       | L: bra L;
                    """)
    void each_rule_is_watched(KernelFault.Kind kind, String body) {
        assertThat(fault(body, 1, 64)).isNotNull().extracting(KernelFault::kind).isEqualTo(kind);
    }

    @Test
    void memory_that_is_fresh_or_freed_is_not_read() {
        Gpu gpu = gpu("ld.global.f32 %f0, [%rd1];");
        long x = gpu.fresh(128);
        assertThatThrownBy(() -> gpu.run("k", Dim3.of(1), Dim3.of(32), 0, x))
                .hasMessageContaining("which nothing wrote");
        gpu.memory.fill(x, 128, (byte) 1);
        gpu.run("k", Dim3.of(1), Dim3.of(32), 0, x);
        gpu.memory.forget(x + 64, 4);
        assertThatThrownBy(() -> gpu.run("k", Dim3.of(1), Dim3.of(32), 0, x))
                .hasMessageContaining("thread (16,0,0)")
                .hasMessageContaining("which nothing wrote");
        gpu.memory.free(x);
        assertThatThrownBy(() -> gpu.run("k", Dim3.of(1), Dim3.of(32), 0, x))
                .hasMessageContaining(
                        "lies at byte 0 of an allocation of 128 bytes that was freed");
    }

    /// Thread i writes word i and reads word i + 1 of 32.
    @ParameterizedTest
    @CsvSource({"bar.sync 0;, true", "bar.warp.sync -1;, true", "membar.cta;, false"})
    void what_orders_accesses_of_a_warp(String between, boolean ordered) {
        String body =
                """
                mov.u32 %r1, words;
                mad.lo.u32 %r2, %r0, 4, %r1;
                st.shared.u32 [%r2], %r0;
                """
                        + between
                        + """
                        add.u32 %r3, %r0, 1;
                        and.b32 %r3, %r3, 31;
                        mad.lo.u32 %r2, %r3, 4, %r1;
                        ld.shared.u32 %r4, [%r2];
                        """;
        KernelFault fault = fault(body, 1, 32);
        assertThat(fault == null).isEqualTo(ordered);
    }

    @Test
    void blocks_race_when_one_reads_what_another_writes() {
        String body = "ld.global.u32 %r1, [%rd0+128]; mov.u32 %r2, %ctaid.x;";
        assertThat(fault(body, 4, 1)).isNull();
        String write = body + "setp.eq.u32 %p0, %r2, 3; @%p0 st.global.u32 [%rd0+128], 5;";
        assertThat(fault(write, 4, 1))
                .extracting(KernelFault::kind)
                .isEqualTo(KernelFault.Kind.RACE);
        String atomic = "red.global.add.u32 [%rd0], 1;";
        assertThat(fault(atomic, 4, 64)).isNull();
        assertThat(fault(atomic + "ld.global.u32 %r1, [%rd0];", 4, 64))
                .extracting(KernelFault::kind)
                .isEqualTo(KernelFault.Kind.RACE);
        assertThat(fault(atomic + "ld.relaxed.gpu.global.u32 %r1, [%rd0];", 4, 64)).isNull();
        assertThat(fault("st.global.u32 [%rd0], 7;", 4, 64)).isNull();
    }

    @Test
    void threads_that_have_ended_are_not_waited_for() {
        String body =
                "setp.ge.u32 %p0, %r0, 40; @%p0 bra END; bar.sync 0; st.global.u32 [%rd1], 9; END:";
        assertThat(fault(body, 1, 64)).isNull();
    }

    /// Atomic additions to one word, and exchanges and comparisons of another.
    @Test
    void atomic_operations_do_all_they_should() {
        Gpu gpu =
                gpu(
                        """
                        atom.global.add.u32 %r1, [%rd0], 1;
                        atom.global.max.s32 %r2, [%rd0+4], %r0;
                        atom.global.cas.b32 %r3, [%rd0+8], %r0, 77;
                        red.global.add.f32 [%rd0+12], 0f3F000000;
                        atom.global.inc.u32 %r4, [%rd0+16], 9;
                        mul.wide.u32 %rd2, %r1, 4;
                        add.u64 %rd2, %rd2, %rd0;
                        st.global.u32 [%rd2+32], %r1;
                        """);
        long x = gpu.on(new int[72]);
        gpu.run("k", Dim3.of(1), Dim3.of(64), 0, x);
        int[] found = gpu.ints(x, 72);
        assertThat(found).startsWith(64, 63, 77, Float.floatToIntBits(32), 4);
        for (int i = 0; i < 64; i++) {
            assertThat(found[8 + i]).isEqualTo(i);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    frobnicate.s32 %r1, %r0;            | instruction frobnicate.s32 is not simulated
                    add.fluffy.s32 %r1, %r0, %r0;       | modifier .fluffy of add is not simulated
                    add.rz.f64 %rd2, %rd0, %rd0;        | modifier .rz of add is not simulated
                    fma.f32 %f0, %f1, %f2, %f3;         | needs one of .rn .rz .rm .rp
                    ld.global.ca.u32.u32 %r1, [%rd0];   | needs 1 type
                    add.s32 %r1, %r0;                   | needs 3 operands, 2 given
                    add.s32 %r1, %r0, %q;               | register %q is not declared
                    add.s32 %f1, %r0, %r0;              | register %f1 is of type .f32 where .s32 is needed
                    add.s64 %rd1, %r0, 1;               | register %r0 is of type .b32 where .s64 is needed
                    add.f32 %f1, %f0, 1;                | 1 is an integer where f32 is needed
                    ld.global.u64 %r1, [%rd0];          | too narrow for .u64
                    bra NOWHERE;                        | label NOWHERE is not there
                    call foo;                           | functions are not simulated
                    mov.u32 %r1 %r2;                    | `,` expected where `%r2` is
                    add.s32 %r1, %r0, ^;                | `^` is not PTX
                    st.global.v2.u32 [%rd0], {%r0};     | needs 2 elements
                    ld.param.u64 %rd2, [x+4];           | x has 8 bytes
                    """)
    void what_is_not_simulated_is_refused_with_its_line(String body, String rule) {
        assertThatThrownBy(() -> PtxModule.parse(kernel(body)))
                .isInstanceOf(PtxProblem.class)
                .hasMessageStartingWith("PTX line 14 `" + body.strip() + "`: ")
                .hasMessageContaining(rule);
    }

    @Test
    void a_launch_must_fit_the_kernel() {
        Gpu gpu = gpu("");
        long x = gpu.on(1f);
        assertThatThrownBy(() -> gpu.run("k", Dim3.of(1), Dim3.of(1025), 0, x))
                .hasMessage(
                        "kernel k cannot be launched with block (1025,1,1) (at most 1024 threads)");
        assertThatThrownBy(() -> gpu.run("k", Dim3.of(1), Dim3.of(1), 50_000, x))
                .hasMessageContaining("128 static and 50000 dynamic bytes of shared memory");
        assertThatThrownBy(() -> gpu.run("k", Dim3.of(1), Dim3.of(1), 0))
                .hasMessageContaining("takes 1 arguments, 0 given");
    }

    /// 32 threads read words at a stride: as many sectors as they touch, and in shared memory as
    /// many cycles as words share a bank.
    @ParameterizedTest
    @CsvSource({"1, 4, 0", "2, 8, 1", "8, 32, 7", "32, 32, 31", "33, 32, 0"})
    void counts_what_an_access_pattern_costs(int stride, int sectors, int conflicts) {
        String body =
                """
                mul.lo.u32 %%r1, %%r0, %d;
                mad.wide.u32 %%rd2, %%r1, 4, %%rd0;
                ld.global.u32 %%r2, [%%rd2];
                mov.u32 %%r3, more;
                mad.lo.u32 %%r3, %%r1, 4, %%r3;
                st.shared.u32 [%%r3], %%r2;
                """
                        .formatted(stride);
        Gpu gpu =
                new Gpu(
                        PtxModule.parse(
                                kernel(body)
                                        .replace(
                                                ".visible",
                                                ".extern .shared .align 4 .b8 more[];\n.visible")),
                        1);
        long x = gpu.on(new int[1100]);
        KernelStatistics once = gpu.run("k", Dim3.of(1), Dim3.of(32), 4400, x);
        assertThat(once.loadedBytes()).isEqualTo(128);
        assertThat(once.loadedSectors()).isEqualTo(sectors);
        assertThat(once.leastLoadedSectors()).isEqualTo(sectors);
        assertThat(once.bankConflicts()).isEqualTo(conflicts);
        assertThat(once.threadInstructions()).isEqualTo(32 * 10);
        KernelStatistics twice = gpu.run("k", Dim3.of(2), Dim3.of(32), 4400, x);
        assertThat(twice.loadedSectors()).isEqualTo(2L * sectors);
        assertThat(twice.leastLoadedSectors()).isEqualTo(sectors);
        assertThat(twice.plus(once).launches()).isEqualTo(2);
    }

    @Test
    void a_trace_sees_each_instruction_with_its_lanes_and_registers() {
        Gpu gpu = gpu("setp.lt.u32 %p0, %r0, 3; @%p0 add.u32 %r1, %r0, 40;");
        List<String> steps = new ArrayList<>();
        gpu.simulator.trace(
                step -> {
                    if (step.line() == 14 && step.activeMask() != -1) {
                        steps.add(
                                step.kernelName()
                                        + " "
                                        + step.activeMask()
                                        + " "
                                        + step.register("%r1")[2]);
                        assertThat(step.registerNames()).contains("%f7", "%rd0");
                    }
                });
        gpu.run("k", Dim3.of(1), Dim3.of(32), 0, gpu.on(0));
        assertThat(steps).containsExactly("k 7 42");
    }

    @Test
    void the_same_seed_gives_the_same_order_and_another_a_different_one() {
        String body =
                "atom.global.add.u32 %r1, [%rd0], 1; mov.u32 %r2, %ctaid.x;"
                        + "mad.lo.u32 %r2, %r2, 64, %r0; mad.wide.u32 %rd2, %r1, 4, %rd0;"
                        + "st.global.u32 [%rd2+4], %r2;";
        List<int[]> orders = new ArrayList<>();
        for (long seed : new long[] {1, 1, 2}) {
            Gpu gpu = new Gpu(PtxModule.parse(kernel(body)), seed);
            long x = gpu.on(new int[257]);
            gpu.run("k", Dim3.of(4), Dim3.of(64), 0, x);
            orders.add(gpu.ints(x, 257));
        }
        assertThat(orders.get(1)).isEqualTo(orders.get(0));
        assertThat(orders.get(2)).isNotEqualTo(orders.get(0)).startsWith(256);
    }
}

package athanor.kernels.cuda.simulator;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Runs one instruction over all combinations of edge values of its operands.
final class InstructionTable {
    private InstructionTable() {}

    /// Register bits that are edges of the type, and some others.
    static long[] edges(PtxType type) {
        Random random = new Random(type.bits);
        long[] few =
                switch (type) {
                    case PRED -> new long[] {0, 1};
                    case F16 -> new long[] {0, 0x8000, 0x3c00, 1, 0x7bff, 0x7c00, 0x7e00, 0xc500};
                    case F32 -> floats();
                    case F64 -> doubles();
                    default -> {
                        long least = 1L << (type.bits - 1);
                        yield new long[] {
                            0, 1, 2, 3, 7, 31, 32, 33, 63, 64, -1, -2, least, least - 1, least + 1
                        };
                    }
                };
        if (type.isFloat() || type == PtxType.PRED) {
            return few;
        }
        long[] all = Arrays.copyOf(few, 18);
        for (int i = few.length; i < all.length; i++) {
            all[i] = random.nextLong();
        }
        return Arrays.stream(all).map(type::truncate).toArray();
    }

    private static long[] floats() {
        float[] values = {
            0,
            -0f,
            1,
            -1,
            0.5f,
            -1.5f,
            2.5f,
            3.7e-39f,
            -1e-45f,
            Float.MIN_NORMAL,
            Float.MAX_VALUE,
            -3e9f,
            2147483648f,
            1.0000001f,
            1e-20f,
            123456.79f,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.NaN
        };
        long[] bits = new long[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]) & 0xffffffffL;
        }
        return bits;
    }

    private static long[] doubles() {
        double[] values = {
            0,
            -0.0,
            1,
            -1,
            0.5,
            -1.5,
            2.5,
            4.9e-324,
            -1e-310,
            Double.MAX_VALUE,
            1e19,
            -1e19,
            9.3e18,
            4294967296.5,
            1.0000000000000002,
            3.4e38,
            1e-40,
            Double.POSITIVE_INFINITY,
            Double.NEGATIVE_INFINITY,
            Double.NaN
        };
        return Arrays.stream(values).mapToLong(Double::doubleToRawLongBits).toArray();
    }

    /// The operands' bits, by combination.
    static long[][] combinations(List<PtxType> types) {
        int count = 1;
        for (PtxType type : types) {
            count *= edges(type).length;
        }
        long[][] all = new long[count][types.size()];
        for (int i = 0; i < count; i++) {
            int rest = i;
            for (int k = 0; k < types.size(); k++) {
                long[] edges = edges(types.get(k));
                all[i][k] = edges[rest % edges.length];
                rest /= edges.length;
            }
        }
        return all;
    }

    /// What the instruction makes of each combination.
    ///
    /// @param tail what follows the operands, such as an immediate
    static long[] run(
            String opcode, PtxType result, List<PtxType> types, String tail, long[][] operands) {
        int n = operands.length;
        long[] flat = Arrays.stream(operands).flatMapToLong(Arrays::stream).toArray();
        DeviceMemory memory = new DeviceMemory(1 << 28);
        long x = memory.allocate(8L * flat.length);
        long y = memory.allocate(8L * n);
        memory.copyIn(MemorySegment.ofArray(flat), x);
        Kernel kernel = PtxModule.parse(text(opcode, result, types, tail)).kernel("one");
        new Simulator(memory)
                .run(
                        new Launch(
                                kernel,
                                Dim3.of((n + 127) / 128),
                                Dim3.of(128),
                                0,
                                kernel.arguments(x, y, n),
                                1));
        long[] found = new long[n];
        memory.copyOut(y, MemorySegment.ofArray(found));
        return found;
    }

    private static String text(String opcode, PtxType result, List<PtxType> types, String tail) {
        StringBuilder text =
                new StringBuilder(
                        """
                        .version 7.0
                        .target sm_70
                        .address_size 64
                        .visible .entry one(.param .u64 x, .param .u64 y, .param .u32 n)
                        {
                        .reg .pred %p<9>;
                        .reg .b32 %r<9>;
                        .reg .b64 %rd<9>;
                        mov.u32 %r0, %ctaid.x;
                        mov.u32 %r1, %tid.x;
                        mad.lo.u32 %r0, %r0, 128, %r1;
                        ld.param.u32 %r1, [n];
                        setp.ge.u32 %p0, %r0, %r1;
                        @%p0 ret;
                        ld.param.u64 %rd0, [x];
                        ld.param.u64 %rd1, [y];
                        """);
        text.append("mad.wide.u32 %rd0, %r0, ").append(8 * types.size()).append(", %rd0;\n");
        text.append("mad.wide.u32 %rd1, %r0, 8, %rd1;\n");
        StringBuilder operands = new StringBuilder();
        for (int i = 0; i < types.size(); i++) {
            PtxType type = types.get(i);
            String at = "[%rd0+" + 8 * i + "];\n";
            if (type == PtxType.PRED) {
                text.append("ld.global.b32 %r2, ").append(at);
                text.append("setp.ne.u32 %p").append(i + 1).append(", %r2, 0;\n");
                operands.append(", %p").append(i + 1);
            } else {
                int bits = Math.max(16, type.bits);
                text.append(".reg .b").append(bits).append(" %x").append(i).append(";\n");
                text.append("ld.global.b").append(type.bits).append(" %x").append(i);
                text.append(", ").append(at);
                operands.append(", %x").append(i);
            }
        }
        String to = result == PtxType.PRED ? "%p8" : "%y";
        int bits = Math.max(16, result.bits);
        text.append(".reg .b").append(bits).append(" %y;\n.reg .b64 %wide;\n");
        text.append(opcode).append(" ").append(to).append(operands).append(tail).append(";\n");
        if (result == PtxType.PRED) {
            text.append("selp.b64 %wide, 1, 0, %p8;\n");
        } else {
            text.append(bits == 64 ? "mov.b64 %wide, %y;\n" : "cvt.u64.u" + bits + " %wide, %y;\n");
        }
        return text.append("st.global.b64 [%rd1], %wide;\nret;\n}\n").toString();
    }
}

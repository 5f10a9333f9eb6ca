package athanor.kernels.cuda.simulator;

import java.util.function.LongBinaryOperator;

/// Loads, stores and atomic operations.
final class MemoryActions {
    /// Where generic addresses of a block's shared and a thread's local memory begin.
    static final long SHARED_WINDOW = 1L << 56;

    static final long LOCAL_WINDOW = 2L << 56;
    static final long WINDOW_MASK = -1L << 56;

    private MemoryActions() {}

    enum Space {
        GENERIC,
        GLOBAL,
        CONST,
        SHARED,
        LOCAL
    }

    /// The address operand: a register and an offset.
    ///
    /// @param bytes of the whole access, which is the alignment it needs
    /// @param number of the access in its kernel
    record Place(Space space, int base, long offset, int bytes, int number) {
        /// The lane's address.
        private long address(Warp warp, int lane) {
            return warp.registers[base * Warp.LANES + lane] + offset;
        }

        private Region region(Warp warp, int lane, long address) {
            if ((address & (bytes - 1)) != 0) {
                throw warp.fault(
                        KernelFault.Kind.MISALIGNED,
                        lane,
                        "address 0x%x is no multiple of the %d bytes accessed"
                                .formatted(address, bytes));
            }
            return switch (actual(address)) {
                case SHARED -> inside(warp, lane, warp.block.shared, address & ~WINDOW_MASK);
                case LOCAL -> {
                    long at = address & ~WINDOW_MASK;
                    if (at + bytes > warp.kernel.localBytes) {
                        throw warp.outOfBounds(lane, warp.local, at, bytes);
                    }
                    yield warp.local;
                }
                default -> warp.block.global(warp, lane, address, bytes, number);
            };
        }

        private Space actual(long address) {
            if (space != Space.GENERIC) {
                return space;
            }
            long window = address & WINDOW_MASK;
            return window == SHARED_WINDOW
                    ? Space.SHARED
                    : window == LOCAL_WINDOW ? Space.LOCAL : Space.GLOBAL;
        }

        private Region inside(Warp warp, int lane, Region region, long at) {
            if (at + bytes > region.bytes) {
                throw warp.outOfBounds(lane, region, at, bytes);
            }
            return region;
        }

        private int at(Warp warp, int lane, Region region, long address) {
            if (region == warp.local) {
                return (int) (address & ~WINDOW_MASK) + lane * warp.kernel.localBytes;
            }
            return (int) (region.global ? address - region.base : address & ~WINDOW_MASK);
        }

        private void count(Warp warp, Region region, int at, boolean load) {
            if (region == warp.block.shared) {
                warp.block.traffic.shared(at);
            } else if (region.global && !region.readOnly) {
                warp.block.traffic.global(region, at, bytes, load);
            }
        }

        private void endCount(Warp warp) {
            if (space == Space.SHARED) {
                warp.block.traffic.endShared(bytes);
            }
        }
    }

    /// @param to one register for each element
    /// @param types what the elements are extended to: the registers' types
    @SuppressWarnings("ArrayRecordComponent")
    record Load(
            Place place, PtxType type, int[] to, PtxType[] types, boolean strong, boolean cached)
            implements Action {
        @Override
        public void run(Warp warp, int active) {
            Traffic traffic = warp.block.traffic;
            boolean counting = traffic.counting;
            int width = type.bytes();
            traffic.begin();
            for (int rest = active; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                long address = place.address(warp, lane);
                Region region = place.region(warp, lane, address);
                int at = place.at(warp, lane, region, address);
                for (int i = 0; i < to.length; i++) {
                    long value = region.load(warp, lane, at + i * width, width, strong, cached);
                    warp.registers[to[i] * Warp.LANES + lane] =
                            types[i].truncate(type.extend(value));
                }
                if (counting) {
                    place.count(warp, region, at, true);
                }
            }
            if (counting) {
                place.endCount(warp);
            }
        }
    }

    @SuppressWarnings("ArrayRecordComponent")
    record Store(Place place, PtxType type, int[] from, boolean strong) implements Action {
        @Override
        public void run(Warp warp, int active) {
            Traffic traffic = warp.block.traffic;
            boolean counting = traffic.counting;
            int width = type.bytes();
            traffic.begin();
            for (int rest = active; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                long address = place.address(warp, lane);
                Region region = place.region(warp, lane, address);
                checkWritable(warp, lane, region);
                int at = place.at(warp, lane, region, address);
                for (int i = 0; i < from.length; i++) {
                    long value = warp.registers[from[i] * Warp.LANES + lane];
                    region.store(warp, lane, at + i * width, width, value, strong);
                }
                if (counting) {
                    place.count(warp, region, at, false);
                }
            }
            if (counting) {
                place.endCount(warp);
            }
        }
    }

    private static void checkWritable(Warp warp, int lane, Region region) {
        if (region.readOnly) {
            throw warp.fault(
                    KernelFault.Kind.READ_ONLY, lane, "writes " + region.name + ", a constant");
        }
    }

    @FunctionalInterface
    interface Update {
        /// What stays in memory.
        long apply(long old, long b, long c);
    }

    /// `atom` and, where the old value goes nowhere (`to` is -1), `red`.
    record Atomic(Place place, PtxType type, Update update, int to, int b, int c)
            implements Action {
        @Override
        public void run(Warp warp, int active) {
            Traffic traffic = warp.block.traffic;
            int width = type.bytes();
            traffic.begin();
            for (int rest = active; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                long address = place.address(warp, lane);
                Region region = place.region(warp, lane, address);
                checkWritable(warp, lane, region);
                int at = place.at(warp, lane, region, address);
                long[] r = warp.registers;
                long old = region.load(warp, lane, at, width, true, false);
                long value = update.apply(old, r[b * Warp.LANES + lane], r[c * Warp.LANES + lane]);
                region.store(warp, lane, at, width, value, true);
                if (to >= 0) {
                    r[to * Warp.LANES + lane] = old;
                }
                if (traffic.counting) {
                    place.count(warp, region, at, false);
                }
            }
            if (traffic.counting) {
                place.endCount(warp);
            }
        }
    }

    /// `ld.param`
    record LoadParameter(int offset, PtxType type, int to, PtxType toType) implements Action {
        @Override
        public void run(Warp warp, int active) {
            long value = 0;
            for (int i = 0; i < type.bytes(); i++) {
                value |= (warp.block.launch.arguments().get(offset + i) & 0xffL) << (8 * i);
            }
            for (int rest = active; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                warp.registers[to * Warp.LANES + lane] = toType.truncate(type.extend(value));
            }
        }
    }

    /// The operation of an atomic instruction.
    static Update update(Opcode op, PtxType t) {
        String name =
                op.takeRequired(
                        "add", "min", "max", "exch", "cas", "and", "or", "xor", "inc", "dec");
        if (name.equals("add") && t == PtxType.F32) {
            return (old, b, c) ->
                    FloatOperations.bits(FloatOperations.f32(old) + FloatOperations.f32(b));
        }
        if (name.equals("add") && t == PtxType.F64) {
            return (old, b, c) ->
                    FloatOperations.bits(FloatOperations.f64(old) + FloatOperations.f64(b));
        }
        boolean bits = t == PtxType.B32 || t == PtxType.B64;
        boolean number = t.isInteger() && t.bits >= 32;
        if (switch (name) {
            case "exch", "cas", "and", "or", "xor" -> !bits;
            case "inc", "dec" -> t != PtxType.U32;
            default -> !number;
        }) {
            throw op.unknown();
        }
        return switch (name) {
            case "exch" -> (old, b, c) -> b;
            case "cas" -> (old, b, c) -> old == b ? c : old;
            case "inc" -> (old, b, c) -> old >= b ? 0 : old + 1;
            case "dec" -> (old, b, c) -> old == 0 || old > b ? b : old - 1;
            default -> {
                LongBinaryOperator operator = reduction(name, t);
                yield (old, b, c) -> operator.applyAsLong(old, b);
            }
        };
    }

    /// add, min, max, and, or, xor of integers.
    static LongBinaryOperator reduction(String name, PtxType t) {
        return switch (name) {
            case "add" -> (a, b) -> t.truncate(a + b);
            case "min" -> (a, b) -> IntegerOperations.compare(t, a, b) <= 0 ? a : b;
            case "max" -> (a, b) -> IntegerOperations.compare(t, a, b) >= 0 ? a : b;
            case "and" -> (a, b) -> a & b;
            case "or" -> (a, b) -> a | b;
            default -> (a, b) -> a ^ b;
        };
    }
}

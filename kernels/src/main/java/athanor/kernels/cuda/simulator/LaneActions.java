package athanor.kernels.cuda.simulator;

import java.util.Arrays;
import java.util.function.LongBinaryOperator;

/// Instructions on registers: in each lane by itself, and between the lanes of a warp. Operands
/// are registers' numbers, or -1 for a result that is not wanted.
final class LaneActions {
    private LaneActions() {}

    record Compute(LaneLoop loop, int to, int a, int b, int c, int d) implements Action {
        /// Of an operation with operands in those registers; where there are fewer than four, the
        /// first stands for the rest.
        static Compute of(LaneLoop loop, int to, int... from) {
            int[] at = new int[4];
            for (int i = 0; i < 4; i++) {
                at[i] = Warp.LANES * (i < from.length ? from[i] : from[0]);
            }
            return new Compute(loop, Warp.LANES * to, at[0], at[1], at[2], at[3]);
        }

        @Override
        public void run(Warp warp, int active) {
            warp.apply(loop, to, a, b, c, d);
        }
    }

    enum Pattern {
        UP,
        DOWN,
        BFLY,
        IDX
    }

    /// `shfl.sync`: a lane takes the value of another. One that does not run it has none to give,
    /// and to take it is an error.
    record Shuffle(Pattern pattern, int to, int inside, int value, int by, int clamp, int members)
            implements Action {
        @Override
        public void run(Warp warp, int active) {
            warp.checkMembers(members, active);
            long[] r = warp.registers;
            long[] given = new long[Warp.LANES];
            System.arraycopy(r, value * Warp.LANES, given, 0, Warp.LANES);
            for (int rest = active; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                int distance = (int) r[by * Warp.LANES + lane] & 31;
                int bounds = (int) r[clamp * Warp.LANES + lane];
                int segment = bounds >> 8 & 31;
                int last = (lane & segment) | (bounds & 31 & ~segment);
                int first = lane & segment;
                int source =
                        switch (pattern) {
                            case UP -> lane - distance;
                            case DOWN -> lane + distance;
                            case BFLY -> lane ^ distance;
                            case IDX -> first | (distance & ~segment);
                        };
                boolean within = pattern == Pattern.UP ? source >= last : source <= last;
                if (!within) {
                    source = lane;
                }
                if ((active >> source & 1) == 0) {
                    throw warp.fault(
                            KernelFault.Kind.DIVERGENCE,
                            lane,
                            "takes the value of lane " + source + ", which does not run this");
                }
                r[to * Warp.LANES + lane] = given[source];
                if (inside >= 0) {
                    r[inside * Warp.LANES + lane] = within ? 1 : 0;
                }
            }
        }
    }

    enum Ballot {
        ALL,
        ANY,
        UNI,
        BALLOT
    }

    /// `vote.sync`
    record Vote(Ballot kind, int to, int predicate, boolean negated, int members)
            implements Action {
        @Override
        public void run(Warp warp, int active) {
            warp.checkMembers(members, active);
            int bits = warp.bits(predicate) ^ (negated ? -1 : 0);
            long[] r = warp.registers;
            long[] result = new long[Warp.LANES];
            for (int rest = active; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                int voters = (int) r[members * Warp.LANES + lane] & active;
                int yes = bits & voters;
                result[lane] =
                        switch (kind) {
                            case ALL -> yes == voters ? 1 : 0;
                            case ANY -> yes != 0 ? 1 : 0;
                            case UNI -> yes == voters || yes == 0 ? 1 : 0;
                            case BALLOT -> yes & 0xffffffffL;
                        };
            }
            put(warp, to, active, result);
        }
    }

    /// `redux.sync`: all lanes get what the operator makes of their values.
    record Reduce(LongBinaryOperator operator, PtxType type, int to, int value, int members)
            implements Action {
        @Override
        public void run(Warp warp, int active) {
            warp.checkMembers(members, active);
            long[] r = warp.registers;
            long[] result = new long[Warp.LANES];
            for (int rest = active; rest != 0; rest &= rest - 1) {
                int lane = Integer.numberOfTrailingZeros(rest);
                int voters = (int) r[members * Warp.LANES + lane] & active;
                int first = Integer.numberOfTrailingZeros(voters);
                long sum = r[value * Warp.LANES + first];
                for (int more = voters & voters - 1; more != 0; more &= more - 1) {
                    int other = Integer.numberOfTrailingZeros(more);
                    sum = operator.applyAsLong(sum, r[value * Warp.LANES + other]);
                }
                result[lane] = type.truncate(sum);
            }
            put(warp, to, active, result);
        }
    }

    /// `activemask`
    record ActiveMask(int to) implements Action {
        @Override
        public void run(Warp warp, int active) {
            long[] result = new long[Warp.LANES];
            Arrays.fill(result, active & 0xffffffffL);
            put(warp, to, active, result);
        }
    }

    private static void put(Warp warp, int to, int active, long[] result) {
        for (int rest = active; rest != 0; rest &= rest - 1) {
            int lane = Integer.numberOfTrailingZeros(rest);
            warp.registers[to * Warp.LANES + lane] = result[lane];
        }
    }
}

package athanor.kernels.cuda.simulator;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// An instruction that computes in each lane by itself: its types and its loop.
record Operation(PtxType result, List<PtxType> operands, LaneLoop loop) {
    /// Operations by the opcode's text; each is made once in a program's life.
    private static final Map<String, Operation> KNOWN = new ConcurrentHashMap<>();

    static Operation of(Opcode opcode) {
        return KNOWN.computeIfAbsent(
                opcode.text,
                text -> {
                    Definition definition = define(opcode);
                    opcode.checkAllTaken();
                    return new Operation(
                            definition.result(),
                            definition.operands(),
                            LaneLoop.of(definition.function()));
                });
    }

    /// What an opcode means: the types and the function of one lane.
    record Definition(PtxType result, List<PtxType> operands, LaneFunction function) {
        /// A function of `count` operands of the type it returns.
        static Definition same(PtxType type, int count, LaneFunction function) {
            return new Definition(
                    type, List.of(type, type, type, type).subList(0, count), function);
        }
    }

    private static Definition define(Opcode opcode) {
        return switch (opcode.base) {
            case "cvt" -> Conversions.define(opcode);
            case "setp", "set", "selp", "testp" -> Comparisons.define(opcode);
            case "cvta", "isspacep" -> window(opcode);
            case "mov" -> Definition.same(opcode.type(), 1, (a, b, c, d) -> a);
            default -> {
                PtxType type = opcode.type();
                yield type.isFloat()
                        ? FloatOperations.define(opcode, type)
                        : IntegerOperations.define(opcode, type);
            }
        };
    }

    /// Generic addresses: global ones are themselves, shared and local ones lie in a window.
    private static Definition window(Opcode opcode) {
        boolean to = opcode.take("to");
        long window =
                switch (opcode.takeRequired("global", "const", "shared", "local")) {
                    case "shared" -> MemoryActions.SHARED_WINDOW;
                    case "local" -> MemoryActions.LOCAL_WINDOW;
                    default -> 0;
                };
        PtxType u64 = PtxType.U64;
        if (opcode.base.equals("isspacep")) {
            return new Definition(
                    PtxType.PRED,
                    List.of(u64),
                    (a, b, c, d) -> (a & MemoryActions.WINDOW_MASK) == window ? 1 : 0);
        }
        if (opcode.type() != u64) {
            throw opcode.unknown();
        }
        return Definition.same(u64, 1, (a, b, c, d) -> to ? a - window : a + window);
    }
}

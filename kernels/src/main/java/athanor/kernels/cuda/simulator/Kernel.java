package athanor.kernels.cuda.simulator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;

/// A kernel of a module, decoded. Registers are numbered; immediates and special registers such as
/// `%tid.x` are registers too, filled before a block starts.
public final class Kernel {
    /// A register that holds the same value in all threads from the start.
    record Constant(int register, long value) {}

    /// A register that holds the address of a module's variable.
    record Symbol(int register, Variable variable) {}

    /// A register that holds a special register.
    record SpecialUse(int register, Special special) {}

    /// The kernel's shared memory: its variables lie `GUARD` bytes apart, so that an access past
    /// the end of one is found; a GPU promises no layout either.
    record SharedLayout(Map<String, Integer> offsets, List<Variable> variables, int bytes) {
        static final int GUARD = 128;
    }

    private final String name;
    private final List<Parameter> parameters;
    final Instruction[] code;
    final Map<String, Integer> registers;
    final int registerCount;
    final List<Constant> constants;
    final List<Symbol> symbols;
    final List<SpecialUse> specials;
    final SharedLayout shared;
    final int localBytes;
    final int accesses;

    Kernel(
            PtxParser.KernelText text,
            Instruction[] code,
            Decoder.Registers registers,
            SharedLayout shared,
            int localBytes,
            int accesses) {
        name = text.name();
        parameters = List.copyOf(text.parameters());
        this.code = code;
        this.registers = registers.named();
        registerCount = registers.count();
        constants = registers.constants();
        symbols = registers.symbols();
        specials = registers.specials();
        this.shared = shared;
        this.localBytes = localBytes;
        this.accesses = accesses;
    }

    public String name() {
        return name;
    }

    public List<Parameter> parameters() {
        return parameters;
    }

    /// The size of the packed arguments in bytes.
    public int parameterBytes() {
        return parameters.isEmpty()
                ? 0
                : parameters.getLast().offset() + parameters.getLast().bytes();
    }

    /// Packs arguments as a launch wants them: one number for each parameter, of which a parameter
    /// of an integer type takes a Long, Integer or Short, and one of a float type a Float or
    /// Double.
    public ByteBuffer arguments(Number... values) {
        if (values.length != parameters.size()) {
            throw new IllegalArgumentException(
                    "kernel %s takes %d arguments, %d given"
                            .formatted(name, parameters.size(), values.length));
        }
        ByteBuffer packed = ByteBuffer.allocate(parameterBytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < values.length; i++) {
            Parameter parameter = parameters.get(i);
            long bits =
                    switch (values[i]) {
                        case Float x -> FloatOperations.bits(x);
                        case Double x -> FloatOperations.bits(x);
                        case Long x -> x;
                        default -> values[i].longValue();
                    };
            for (int k = 0; k < parameter.bytes(); k++) {
                packed.put(parameter.offset() + k, (byte) (bits >>> (8 * k)));
            }
        }
        return packed;
    }
}

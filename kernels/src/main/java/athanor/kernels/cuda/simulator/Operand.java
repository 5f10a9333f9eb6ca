package athanor.kernels.cuda.simulator;

import java.util.List;

/// An operand as it is written.
sealed interface Operand {
    /// A register, special register, variable or label.
    record Name(String name) implements Operand {}

    /// `!%p`
    record Not(String name) implements Operand {}

    /// `%r|%p`: a second result, a predicate.
    record Pair(String first, String second) implements Operand {}

    record Immediate(String text) implements Operand {}

    /// `{a, b, c, d}`
    record Vector(List<Operand> parts) implements Operand {}

    /// `[base + offset]`; without a base the offset is the address.
    record Address(String base, long offset) implements Operand {}
}

package athanor.kernels.cuda.simulator;

/// A decoded instruction.
///
/// @param line in the PTX text, from 1
/// @param guard the register of the predicate it stands under, or -1
/// @param negated whether it runs where the predicate is false
record Instruction(int line, String text, int guard, boolean negated, Action action) {}

package athanor.kernels.optimize;

/// One step of an optimizer: the rule, and the numbers of this step.
public sealed interface UpdateRule permits SgdStep, AdamStep {}

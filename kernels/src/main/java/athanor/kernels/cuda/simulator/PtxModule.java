package athanor.kernels.cuda.simulator;

import java.util.List;
import java.util.Map;
import java.util.Set;

/// A PTX text, read and decoded: kernels and the variables they share.
public final class PtxModule {
    private final Map<String, Kernel> kernels;
    private final List<Variable> variables;

    PtxModule(Map<String, Kernel> kernels, List<Variable> variables) {
        this.kernels = kernels;
        this.variables = variables;
    }

    /// Reads PTX.
    ///
    /// @throws PtxProblem where the text is not PTX or asks for what is not simulated
    public static PtxModule parse(String text) {
        return new PtxParser(text).module();
    }

    public Set<String> kernelNames() {
        return kernels.keySet();
    }

    public Kernel kernel(String name) {
        Kernel kernel = kernels.get(name);
        if (kernel == null) {
            throw new IllegalArgumentException(
                    "kernel " + name + " is not in the module, which has " + kernels.keySet());
        }
        return kernel;
    }

    /// The module's `.global` and `.const` variables.
    List<Variable> variables() {
        return variables;
    }
}

package athanor.engine.check;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.HostBuffer;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import java.util.ArrayList;
import java.util.List;

/// The backward pass. Its formulas: on the reference backend in FLOAT64, for random directions u
/// and v, `<J^T u, v>` from the walk against `<u, J v>` from central differences,
/// `J v = (f(x + h v) - f(x - h v)) / 2h`. Its kernels: the gradients of any backend in FLOAT32
/// against those of the reference in FLOAT64, within [Tolerance].
public final class GradientCheck {
    private static final String FORMULA = "derivative";
    private static final String KERNEL = "gradient";

    /// A third-order error of h^2 and a rounding error of 2^-52 / h are about equal here.
    private static final double H = 1e-5;

    /// Of the sum of magnitudes that the projections are made of.
    private static final double RELATIVE = 1e-7;

    private GradientCheck() {}

    public static List<Finding> run(List<OperationCase> cases, Backend backend) {
        List<Finding> findings = new ArrayList<>();
        for (OperationCase operation : cases) {
            findings.addAll(formulas(operation));
            findings.addAll(kernels(operation, backend));
        }
        return findings;
    }

    /// One finding for each input that has a gradient. Large cases are left out: a formula does not
    /// depend on size, and among many elements some lie on a kink.
    public static List<Finding> formulas(OperationCase operation) {
        if (!operation.differentiable() || operation.largestInput() > 6000) {
            return List.of();
        }
        try {
            var walked = Evaluation.withGradients(operation, Backend.reference(), DType.FLOAT64);
            List<Integer> leaves = Evaluation.leaves(operation);
            List<Finding> findings = new ArrayList<>();
            for (int i = 0; i < leaves.size(); i++) {
                findings.add(project(operation, leaves.get(i), walked, walked.gradients().get(i)));
            }
            return findings;
        } catch (RuntimeException e) {
            return List.of(Finding.failed(FORMULA, operation.name(), e.toString()));
        }
    }

    /// One finding for each input that has a gradient.
    public static List<Finding> kernels(OperationCase operation, Backend backend) {
        if (!operation.differentiable()) {
            return List.of();
        }
        try {
            var exact = Evaluation.withGradients(operation, Backend.reference(), DType.FLOAT64);
            var actual = Evaluation.withGradients(operation, backend, DType.FLOAT32);
            List<Integer> leaves = Evaluation.leaves(operation);
            List<Finding> findings = new ArrayList<>();
            for (int i = 0; i < leaves.size(); i++) {
                Input leaf = operation.inputs().get(leaves.get(i));
                double[] gradient = exact.gradients().get(i);
                double incoming =
                        operation.terms() == 0
                                ? Tolerance.largest(Evaluation.cotangent(operation, exact.shape()))
                                : 0;
                findings.add(
                        Tolerance.of(operation.precision())
                                .compare(
                                        KERNEL,
                                        operation.name() + " input " + leaves.get(i),
                                        actual.gradients().get(i),
                                        gradient,
                                        operation.gradientTerms(exact.shape(), leaf),
                                        Math.max(incoming, Tolerance.largest(gradient))));
            }
            return findings;
        } catch (RuntimeException e) {
            return List.of(Finding.failed(KERNEL, operation.name(), e.toString()));
        }
    }

    private static Finding project(
            OperationCase operation, int leaf, Evaluation walked, double[] gradient) {
        Input input = operation.inputs().get(leaf);
        HostBuffer v = Input.any().with(input.shape()).draw(DType.FLOAT64, operation.seed(-2));
        double[] plus = shifted(operation, leaf, v, H);
        double[] minus = shifted(operation, leaf, v, -H);
        double[] u = Evaluation.cotangent(operation, walked.shape());
        double differences = 0;
        double magnitude = 1;
        for (int i = 0; i < u.length; i++) {
            double term = u[i] * (plus[i] - minus[i]) / (2 * H);
            differences += term;
            magnitude += Math.abs(term) + Math.abs(u[i] * walked.result()[i]);
        }
        double rules = 0;
        for (int i = 0; i < gradient.length; i++) {
            rules += gradient[i] * v.get(i);
        }
        return new Finding(
                FORMULA,
                operation.name() + " input " + leaf,
                Math.abs(rules - differences),
                RELATIVE * magnitude,
                "rules give %.10g, differences %.10g".formatted(rules, differences));
    }

    private static double[] shifted(OperationCase operation, int leaf, HostBuffer v, double h) {
        try (Workspace _ = Workspace.open()) {
            List<Tensor> inputs = operation.tensors(Backend.reference(), DType.FLOAT64);
            Tensor direction = Tensor.of(Backend.reference(), inputs.get(leaf).shape(), v).mul(h);
            inputs.set(leaf, inputs.get(leaf).add(direction));
            return Evaluation.forward(operation, inputs).result();
        }
    }
}

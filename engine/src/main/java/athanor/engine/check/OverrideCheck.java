package athanor.engine.check;

import athanor.engine.Backend;
import athanor.engine.DType;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// A fused primitive that a backend overrides must give what its composition in [Backend] gives.
/// Each case that comes to such a primitive runs on the backend as it is, and on the same backend
/// without its overrides; the rest of both is the same code.
public final class OverrideCheck {
    private static final String NAME = "override";

    private OverrideCheck() {}

    /// One finding for each case that comes to an overridden method; a method that none comes to is
    /// a failed one.
    public static List<Finding> run(List<OperationCase> cases, Backend backend) {
        List<String> overridden = overridden(backend);
        Set<String> checked = new TreeSet<>();
        List<Finding> findings = new ArrayList<>();
        for (OperationCase operation : cases) {
            Set<String> called = new TreeSet<>();
            Finding finding =
                    Finding.attempt(
                            NAME,
                            operation.name(),
                            () -> compare(operation, backend, composed(backend, called)));
            called.retainAll(overridden);
            checked.addAll(called);
            if (!called.isEmpty()) {
                findings.add(finding);
            }
        }
        overridden.stream()
                .filter(method -> !checked.contains(method))
                .map(method -> Finding.failed(NAME, method, "no case comes to it; register one"))
                .forEach(findings::add);
        return findings;
    }

    /// The names of the composed methods that a backend has its own form of.
    public static List<String> overridden(Backend backend) {
        return Arrays.stream(Backend.class.getMethods())
                .filter(Method::isDefault)
                .filter(method -> isOverridden(method, backend))
                .map(Method::getName)
                .sorted()
                .toList();
    }

    /// The backend without its overrides; it writes down which composed methods were called.
    static Backend composed(Backend backend, Collection<String> called) {
        InvocationHandler handler =
                (proxy, method, arguments) -> {
                    try {
                        if (method.isDefault()) {
                            called.add(method.getName());
                            return InvocationHandler.invokeDefault(proxy, method, arguments);
                        }
                        return method.invoke(backend, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getTargetException();
                    }
                };
        return (Backend)
                Proxy.newProxyInstance(
                        Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, handler);
    }

    /// The results, and the gradients unless the results differ.
    private static Finding compare(OperationCase operation, Backend backend, Backend composed) {
        Evaluation expected = Evaluation.withGradients(operation, composed, DType.FLOAT32);
        Evaluation actual = Evaluation.withGradients(operation, backend, DType.FLOAT32);
        Finding finding =
                Tolerance.of(operation.precision())
                        .compare(
                                NAME,
                                operation.name(),
                                actual.result(),
                                expected.result(),
                                operation.terms());
        List<Integer> leaves = Evaluation.leaves(operation);
        for (int i = 0; i < leaves.size() && finding.passed(); i++) {
            Input leaf = operation.inputs().get(leaves.get(i));
            finding =
                    Tolerance.of(operation.precision())
                            .compare(
                                    NAME,
                                    operation.name() + " input " + leaves.get(i),
                                    actual.gradients().get(i),
                                    expected.gradients().get(i),
                                    operation.gradientTerms(expected.shape(), leaf));
        }
        return finding;
    }

    private static boolean isOverridden(Method method, Backend backend) {
        try {
            return backend.getClass()
                            .getMethod(method.getName(), method.getParameterTypes())
                            .getDeclaringClass()
                    != Backend.class;
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(e);
        }
    }
}

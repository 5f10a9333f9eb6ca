package athanor.kernels.cuda.jcuda;

import athanor.kernels.cuda.CudaError;
import java.util.function.IntFunction;
import jcuda.driver.CUresult;
import jcuda.jcublas.cublasStatus;
import jcuda.jcudnn.cudnnStatus;

/// The one place where return codes are looked at. Arguments are pairs: a name, and a value.
final class Status {
    private static final int SUCCESS = 0;

    private Status() {}

    static void driver(int status, String call, Object... arguments) {
        check(status, CUresult::stringFor, call, arguments);
    }

    static void blas(int status, String call, Object... arguments) {
        check(status, cublasStatus::stringFor, call, arguments);
    }

    static void dnn(int status, String call, Object... arguments) {
        check(status, cudnnStatus::stringFor, call, arguments);
    }

    private static void check(
            int status, IntFunction<String> names, String call, Object... arguments) {
        if (status != SUCCESS) {
            throw new CudaError(call, text(arguments), names.apply(status));
        }
    }

    static String text(Object... arguments) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < arguments.length; i += 2) {
            text.append(i == 0 ? "" : ", ").append(arguments[i]).append(' ');
            text.append(arguments[i + 1]);
        }
        return text.toString();
    }
}

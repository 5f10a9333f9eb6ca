package athanor.kernels.cuda;

import athanor.kernels.cuda.jcuda.JCudaBlas;
import athanor.kernels.cuda.jcuda.JCudaDnn;
import athanor.kernels.cuda.jcuda.JCudaDriver;
import athanor.kernels.cuda.jcuda.Library;
import athanor.kernels.cuda.simulator.SimulatedBlas;
import athanor.kernels.cuda.simulator.SimulatedDnn;
import athanor.kernels.cuda.simulator.SimulatedDriver;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where it is decided which GPU the rest works with, and the one place that knows them all.
public final class Devices {
    private static final Pattern CUDA = Pattern.compile("cuda(?::(\\d{1,4}))?");

    private static final long SIMULATED_BYTES = 2L << 30;
    private static final long SIMULATED_SEED = 1;

    private Devices() {}

    /// What was found of what a GPU needs.
    ///
    /// @param words what it is, or what is missing and how to mend it
    public record Finding(String what, boolean works, String words) {}

    /// Opens a device by the name that `--device` gives: `cuda` is the first GPU, `cuda:1` the
    /// second, `cuda-sim` a simulated one.
    ///
    /// @throws CudaUnavailable where a library is missing
    /// @throws CudaError where there is no such GPU
    public static Device open(String name) {
        if (name.equals("cuda-sim")) {
            return simulated(SIMULATED_BYTES, SIMULATED_SEED);
        }
        Matcher cuda = CUDA.matcher(name);
        if (!cuda.matches()) {
            throw new IllegalArgumentException(
                    "device %s: known are cuda, cuda:N with the number of a GPU, and cuda-sim"
                            .formatted(name));
        }
        String number = cuda.group(1);
        JCudaDriver driver = new JCudaDriver(number == null ? 0 : Integer.parseInt(number));
        try {
            return new Device(driver, new JCudaBlas(driver), new JCudaDnn(driver));
        } catch (RuntimeException e) {
            driver.close();
            throw e;
        }
    }

    /// A simulated GPU with so many bytes of memory, which does unordered work in an order of the
    /// seed.
    public static Device simulated(long memoryBytes, long seed) {
        SimulatedDriver driver = new SimulatedDriver(memoryBytes, seed);
        return new Device(driver, new SimulatedBlas(driver), new SimulatedDnn(driver));
    }

    /// Looks at driver, GPUs and libraries; nothing is left open.
    public static List<Finding> survey() {
        List<Finding> findings = new ArrayList<>();
        try {
            int version = JCudaDriver.driverVersion();
            String words = "for CUDA %d.%d".formatted(version / 1000, version % 1000 / 10);
            findings.add(new Finding("NVIDIA driver", true, words));
            addDevices(findings);
        } catch (CudaUnavailable | CudaError e) {
            findings.add(missing("NVIDIA driver", e));
        }
        findings.add(find("cuBLAS", Library.BLAS));
        findings.add(find("cuDNN", Library.DNN));
        return findings;
    }

    private static void addDevices(List<Finding> findings) {
        try {
            for (DeviceInfo gpu : JCudaDriver.devices()) {
                String words =
                        "%s, sm_%d%d, %,d MB"
                                .formatted(
                                        gpu.name(),
                                        gpu.major(),
                                        gpu.minor(),
                                        gpu.memoryBytes() >> 20);
                findings.add(new Finding("GPU " + (findings.size() - 1), true, words));
            }
        } catch (CudaError e) {
            findings.add(missing("GPUs", e));
        }
    }

    private static Finding find(String what, Library library) {
        try {
            library.load();
            Path path = library.find();
            return new Finding(what, true, path == null ? library.file() : path.toString());
        } catch (CudaUnavailable e) {
            return missing(what, e);
        }
    }

    private static Finding missing(String what, RuntimeException cause) {
        return new Finding(what, false, Objects.requireNonNullElse(cause.getMessage(), ""));
    }
}

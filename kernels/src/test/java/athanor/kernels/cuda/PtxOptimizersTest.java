package athanor.kernels.cuda;

import static athanor.kernels.Samples.floats;
import static athanor.kernels.cuda.Gpu.STREAM;
import static org.assertj.core.api.Assertions.assertThat;

import athanor.kernels.cuda.PtxOptimizers.Parameter;
import athanor.kernels.cuda.PtxOptimizers.Scaling;
import athanor.kernels.cuda.PtxOptimizers.Table;
import athanor.kernels.optimize.Adam;
import athanor.kernels.optimize.AdamStep;
import athanor.kernels.optimize.Sgd;
import athanor.kernels.optimize.SgdStep;
import athanor.kernels.optimize.UpdateRule;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class PtxOptimizersTest {
    private static final int[] SIZES = {1, 3, 4, 10, 17, 1000, 4097, 9001};
    private static final List<SgdStep> SGD =
            List.of(
                    new SgdStep(0.1, 0.9, 5e-4, false, true),
                    new SgdStep(0.1, 0.9, 5e-4, false, false),
                    new SgdStep(0.01, 0.8, 0, true, false),
                    new SgdStep(0.1, 0, 1e-3, false, false));
    private static final List<AdamStep> ADAM =
            List.of(
                    new AdamStep(1e-3, 0.9, 0.999, 1e-8, 0.01, true, 1),
                    new AdamStep(1e-2, 0.8, 0.99, 1e-6, 0.1, false, 7));

    private static float[] squares(int n) {
        float[] x = floats(4, n);
        for (int i = 0; i < n; i++) {
            x[i] *= x[i];
        }
        return x;
    }

    private static float[] scaled(float[] x, float factor) {
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = x[i] * factor;
        }
        return y;
    }

    /// What the CPU makes of parameter and state; the gradient is divided by 2 first.
    private static float[] sgdOnCpu(SgdStep step, int n) {
        float[] parameter = floats(1, n);
        float[] gradient = scaled(floats(2, n), 0.5f);
        float[] velocity = floats(3, n);
        if (step.momentum() == 0) {
            Sgd.step(step, parameter, gradient, n);
        } else {
            Sgd.step(step, parameter, gradient, velocity, n);
        }
        return join(parameter, velocity);
    }

    private static float[] adamOnCpu(AdamStep step, int n) {
        float[] parameter = floats(1, n);
        float[] mean = floats(3, n);
        float[] square = squares(n);
        Adam.step(step, parameter, scaled(floats(2, n), 0.5f), mean, square, n);
        return join(parameter, mean, square);
    }

    private static float[] join(float[]... parts) {
        float[] all = new float[0];
        for (float[] part : parts) {
            int at = all.length;
            all = Arrays.copyOf(all, at + part.length);
            System.arraycopy(part, 0, all, at, part.length);
        }
        return all;
    }

    private static Parameter parameter(Gpu gpu, int n, boolean firstState) {
        return new Parameter(
                gpu.of(floats(1, n)),
                gpu.of(floats(2, n)),
                firstState ? gpu.of(floats(3, n)) : 0,
                gpu.of(squares(n)),
                n);
    }

    private static float[] state(Gpu gpu, Parameter p, boolean adam) {
        float[] first =
                p.firstState() == 0
                        ? floats(3, p.length())
                        : gpu.floats(p.firstState(), p.length());
        float[] parameter = gpu.floats(p.parameter(), p.length());
        return adam
                ? join(parameter, first, gpu.floats(p.secondState(), p.length()))
                : join(parameter, first);
    }

    private static Table table(Gpu gpu, List<Parameter> parameters) {
        int[] chunks = Table.chunks(parameters);
        return new Table(gpu.of(Table.tensors(parameters)), gpu.of(chunks), chunks.length / 2);
    }

    private static void update(Gpu gpu, UpdateRule rule, Scaling scaling, Table table) {
        ByteBuffer numbers = PtxOptimizers.numbers(rule, scaling.gradientScale());
        byte[] bytes = new byte[numbers.remaining()];
        numbers.get(bytes);
        new PtxOptimizers(gpu.ptx())
                .update(STREAM, rule, gpu.of(bytes), scaling.nonFinite(), table);
    }

    @Test
    void sgd_has_the_bits_of_the_cpu() {
        Scaling half = new Scaling(0.5f, OptionalLong.empty());
        for (SgdStep step : SGD) {
            boolean moves = step.momentum() != 0;
            for (int n : SIZES) {
                float[] y =
                        Gpu.runStrided(
                                gpu -> {
                                    Parameter p = parameter(gpu, n, moves);
                                    new PtxOptimizers(gpu.ptx())
                                            .sgd(
                                                    STREAM,
                                                    step,
                                                    half,
                                                    p.parameter(),
                                                    p.gradient(),
                                                    moves
                                                            ? OptionalLong.of(p.firstState())
                                                            : OptionalLong.empty(),
                                                    n);
                                    return state(gpu, p, false);
                                });
                Gpu.assertSame(y, sgdOnCpu(step, n));
            }
            float[] all =
                    Gpu.run(
                            gpu -> {
                                List<Parameter> parameters = new ArrayList<>();
                                for (int n : SIZES) {
                                    parameters.add(parameter(gpu, n, moves));
                                }
                                update(gpu, step, half, table(gpu, parameters));
                                return join(
                                        parameters.stream()
                                                .map(p -> state(gpu, p, false))
                                                .toArray(float[][]::new));
                            });
            Gpu.assertSame(
                    all,
                    join(
                            Arrays.stream(SIZES)
                                    .mapToObj(n -> sgdOnCpu(step, n))
                                    .toArray(float[][]::new)));
        }
    }

    @Test
    void adam_has_the_bits_of_the_cpu() {
        Scaling half = new Scaling(0.5f, OptionalLong.empty());
        for (AdamStep step : ADAM) {
            for (int n : SIZES) {
                float[] y =
                        Gpu.runStrided(
                                gpu -> {
                                    Parameter p = parameter(gpu, n, true);
                                    new PtxOptimizers(gpu.ptx())
                                            .adam(
                                                    STREAM,
                                                    step,
                                                    half,
                                                    p.parameter(),
                                                    p.gradient(),
                                                    p.firstState(),
                                                    p.secondState(),
                                                    n);
                                    return state(gpu, p, true);
                                });
                Gpu.assertSame(y, adamOnCpu(step, n));
            }
            float[] all =
                    Gpu.run(
                            gpu -> {
                                List<Parameter> parameters = new ArrayList<>();
                                for (int n : SIZES) {
                                    parameters.add(parameter(gpu, n, true));
                                }
                                update(gpu, step, half, table(gpu, parameters));
                                return join(
                                        parameters.stream()
                                                .map(p -> state(gpu, p, true))
                                                .toArray(float[][]::new));
                            });
            Gpu.assertSame(
                    all,
                    join(
                            Arrays.stream(SIZES)
                                    .mapToObj(n -> adamOnCpu(step, n))
                                    .toArray(float[][]::new)));
        }
    }

    @Test
    void what_is_not_finite_is_found_and_stops_the_step() {
        for (float wrong : new float[] {0, Float.NaN, Float.NEGATIVE_INFINITY}) {
            for (int place : new int[] {0, 256, 999, 4095, 4096, 4100}) {
                int[] results =
                        Gpu.run(
                                gpu -> {
                                    float[] gradient = floats(2, 4101);
                                    gradient[place] = wrong;
                                    Parameter p =
                                            new Parameter(
                                                    gpu.of(floats(1, 4101)),
                                                    gpu.of(gradient),
                                                    gpu.of(floats(3, 4101)),
                                                    gpu.of(squares(4101)),
                                                    4101);
                                    Table table = table(gpu, List.of(parameter(gpu, 17, true), p));
                                    long flag = gpu.of(0);
                                    Scaling scaling = new Scaling(1, OptionalLong.of(flag));
                                    PtxOptimizers optimizers = new PtxOptimizers(gpu.ptx());
                                    optimizers.findNonFinite(STREAM, table, flag);
                                    update(gpu, SGD.get(1), scaling, table);
                                    int sgd = changes(gpu, p);
                                    update(gpu, ADAM.get(1), scaling, table);
                                    return new int[] {gpu.ints(flag, 1)[0], sgd, changes(gpu, p)};
                                });
                if (wrong == 0) {
                    assertThat(results[0]).isZero();
                    assertThat(results[1]).isGreaterThan(4000);
                } else {
                    assertThat(results).containsExactly(1, 0, 0);
                }
            }
        }
    }

    @Test
    void a_set_flag_stops_the_step_of_one_tensor() {
        for (int flag = 0; flag < 2; flag++) {
            int set = flag;
            int[] changes =
                    Gpu.run(
                            gpu -> {
                                Scaling scaling = new Scaling(1, OptionalLong.of(gpu.of(set)));
                                PtxOptimizers optimizers = new PtxOptimizers(gpu.ptx());
                                Parameter p = parameter(gpu, 17, true);
                                Parameter q = parameter(gpu, 17, true);
                                optimizers.sgd(
                                        STREAM,
                                        SGD.get(1),
                                        scaling,
                                        p.parameter(),
                                        p.gradient(),
                                        OptionalLong.of(p.firstState()),
                                        17);
                                optimizers.adam(
                                        STREAM,
                                        ADAM.get(1),
                                        scaling,
                                        q.parameter(),
                                        q.gradient(),
                                        q.firstState(),
                                        q.secondState(),
                                        17);
                                return new int[] {changes(gpu, p), changes(gpu, q)};
                            });
            int wanted = set == 0 ? 17 : 0;
            assertThat(changes).containsExactly(wanted, wanted);
        }
    }

    private static int changes(Gpu gpu, Parameter p) {
        float[] before = floats(1, p.length());
        float[] after = gpu.floats(p.parameter(), p.length());
        int changes = 0;
        for (int i = 0; i < before.length; i++) {
            changes += before[i] == after[i] ? 0 : 1;
        }
        return changes;
    }
}

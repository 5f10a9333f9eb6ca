package athanor.kernels.cuda;

import athanor.kernels.cuda.Ptx.Entry;
import athanor.kernels.optimize.Adam;
import athanor.kernels.optimize.AdamStep;
import athanor.kernels.optimize.SgdStep;
import athanor.kernels.optimize.UpdateRule;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/// Launches of `optimize/Sgd.ptx`, `Adam.ptx` and `NonFinite.ptx`: on one tensor, or on all tensors
/// of a [Table] at once.
public final class PtxOptimizers {
    private static final String SGD = "optimize/Sgd";
    private static final String ADAM = "optimize/Adam";
    private static final int CHUNK = 4096;

    /// Of 4 bytes each, that a step is made of.
    public static final int MOST_NUMBERS = 9;

    private final Ptx ptx;

    public PtxOptimizers(Ptx ptx) {
        this.ptx = ptx;
    }

    /// What a step of mixed precision adds: gradients are multiplied by the scale, and where 32
    /// bits at `nonFinite` are not 0, nothing changes.
    public record Scaling(float gradientScale, OptionalLong nonFinite) {
        public static final Scaling NONE = new Scaling(1, OptionalLong.empty());
    }

    /// A tensor with its gradient and what the optimizer keeps of it: the velocity of SGD, or 0
    /// without momentum, the mean and the square of Adam. Addresses, and elements.
    public record Parameter(
            long parameter, long gradient, long firstState, long secondState, int length) {}

    /// A list of tensors in device memory: the addresses of what [#tensors] and [#chunks] make.
    public record Table(long tensors, long chunks, int blocks) {
        /// Of one tensor.
        public static final int TENSOR_BYTES = 5 * Long.BYTES;

        /// Five numbers a tensor.
        public static long[] tensors(List<Parameter> parameters) {
            long[] table = new long[5 * parameters.size()];
            for (int i = 0; i < parameters.size(); i++) {
                Parameter p = parameters.get(i);
                table[5 * i] = p.parameter();
                table[5 * i + 1] = p.gradient();
                table[5 * i + 2] = p.firstState();
                table[5 * i + 3] = p.secondState();
                table[5 * i + 4] = p.length();
            }
            return table;
        }

        /// Two numbers a block: which tensor, and which chunk of it.
        public static int[] chunks(List<Parameter> parameters) {
            return IntStream.range(0, parameters.size())
                    .flatMap(
                            tensor ->
                                    IntStream.range(
                                                    0,
                                                    Ptx.ceilDiv(
                                                            parameters.get(tensor).length(), CHUNK))
                                            .flatMap(chunk -> IntStream.of(tensor, chunk)))
                    .toArray();
        }
    }

    /// Without momentum there is no velocity.
    public void sgd(
            Driver.Stream stream,
            SgdStep step,
            Scaling scaling,
            long parameter,
            long gradient,
            OptionalLong velocity,
            int n) {
        Arguments arguments =
                new Arguments()
                        .address(parameter)
                        .address(gradient)
                        .address(velocity.orElse(0))
                        .int32(n);
        add(arguments, step, scaling).address(scaling.nonFinite().orElse(0));
        ptx.launchGroups(stream, new Entry(SGD, "sgd"), n, arguments);
    }

    /// The step of all tensors of the table. What changes from one step to the next is read from
    /// device memory when the kernel runs: [#numbers] at the address `numbers`.
    ///
    /// @param nonFinite see [Scaling]
    public void update(
            Driver.Stream stream,
            UpdateRule rule,
            long numbers,
            OptionalLong nonFinite,
            Table table) {
        Entry entry =
                switch (rule) {
                    case SgdStep _ -> new Entry(SGD, "sgdAll");
                    case AdamStep _ -> new Entry(ADAM, "adamAll");
                };
        Arguments arguments = begin(table).address(numbers).address(nonFinite.orElse(0));
        launch(stream, entry, table, arguments);
    }

    /// What [#update] reads: at most [#MOST_NUMBERS] of 4 bytes.
    public static ByteBuffer numbers(UpdateRule rule, float gradientScale) {
        Scaling scaling = new Scaling(gradientScale, OptionalLong.empty());
        return switch (rule) {
            case SgdStep step -> add(new Arguments(), step, scaling).bytes();
            case AdamStep step -> add(new Arguments(), step, scaling).bytes();
        };
    }

    public void adam(
            Driver.Stream stream,
            AdamStep step,
            Scaling scaling,
            long parameter,
            long gradient,
            long mean,
            long square,
            int n) {
        Arguments arguments =
                new Arguments()
                        .address(parameter)
                        .address(gradient)
                        .address(mean)
                        .address(square)
                        .int32(n);
        add(arguments, step, scaling).address(scaling.nonFinite().orElse(0));
        ptx.launchGroups(stream, new Entry(ADAM, "adam"), n, arguments);
    }

    /// Sets the 32 bits at `nonFinite` to 1 where a gradient is NaN or infinite.
    public void findNonFinite(Driver.Stream stream, Table table, long nonFinite) {
        Entry entry = new Entry("optimize/NonFinite", "findNonFinite");
        launch(stream, entry, table, begin(table).address(nonFinite));
    }

    private void launch(Driver.Stream stream, Entry entry, Table table, Arguments arguments) {
        ptx.launch(stream, entry, table.blocks(), Ptx.THREADS, arguments);
    }

    private static Arguments begin(Table table) {
        return new Arguments().address(table.tensors()).address(table.chunks());
    }

    private static Arguments add(Arguments arguments, SgdStep step, Scaling scaling) {
        float momentum = (float) step.momentum();
        return arguments
                .float32((float) step.weightDecay())
                .float32((float) -step.learningRate())
                .float32(momentum)
                .float32(step.nesterov() ? 1 : 0)
                .float32(step.nesterov() ? momentum : 1)
                .float32(scaling.gradientScale())
                .int32(step.first() ? 1 : 0);
    }

    private static Arguments add(Arguments arguments, AdamStep step, Scaling scaling) {
        Adam.Coefficients c = Adam.Coefficients.of(step);
        return arguments
                .float32(c.keep())
                .float32(c.decay())
                .float32(c.meanShare())
                .float32(c.squareKept())
                .float32(c.squareShare())
                .float32(c.correction())
                .float32(c.epsilon())
                .float32(c.rate())
                .float32(scaling.gradientScale());
    }
}

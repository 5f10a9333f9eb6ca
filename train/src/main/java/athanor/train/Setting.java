package athanor.train;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Everything a training can be told: the flags of `athanor train`, the lines of a recipe, the keys
/// of config.json. The names are those of PyTorch's ImageNet example, torchvision's references and
/// timm.
@SuppressWarnings("ImmutableEnumChecker") // Kinds are records, and the lists are List.of.
public enum Setting {
    MODEL(
            Kind.text(),
            "model",
            "NAME",
            "",
            "network to train: one of `athanor models`, or an .onnx file"),
    STEM(
            Kind.words("auto", "cifar", "imagenet"),
            "stem",
            "cifar|imagenet",
            "auto",
            "first layers of a ResNet; auto: cifar for 32x32 images, else imagenet"),
    DATA(Kind.text(), "data", "NAME", "", "data set; `athanor datasets` lists them"),
    DATA_DIR(
            Kind.text(),
            "data-dir",
            "DIR",
            "",
            "where the files of the data set lie",
            "--data_path"),
    IMAGE_SIZE(
            Kind.whole(0),
            "image-size",
            "N",
            "0",
            "side that images are resized to; 0: as they are (image folders: 224)"),
    MEAN(
            Kind.text(),
            "mean",
            "M[,M,M]",
            "auto",
            "subtracted from each channel, on a scale of 0 to 1; auto: the data set's"),
    DEVIATION(Kind.text(), "std", "D[,D,D]", "auto", "divides each channel; auto: the data set's"),
    AUGMENT(
            Kind.words("none", "standard", "alternating", "trivial"),
            "augment",
            "none|standard|alternating|trivial",
            "standard",
            "standard: pad-4 crop and flip for 32x32 colour images, a random part for folders;"
                    + " alternating: as airbench; trivial: and TrivialAugment"),
    COLOUR_JITTER(
            Kind.real(0, 1),
            "color-jitter",
            "X",
            "0",
            "changes brightness, contrast and saturation by up to this part"),
    LIGHTING(
            Kind.real(0),
            "lighting",
            "D",
            "0",
            "deviation of AlexNet's colour shifts along the principal components of the data"),
    SHUFFLE(Kind.onOff(), "shuffle", "on|off", "on", "new order in every epoch"),
    DEVICE(
            Kind.device(),
            "device",
            "cpu|cuda|cuda:N|cuda-sim|reference",
            "cpu",
            "where to compute; cuda-sim: a simulated GPU"),
    AMP(
            Kind.words("off", "bf16", "fp16"),
            "amp",
            "off|bf16|fp16",
            "off",
            "mixed precision: products in 16 bits, parameters in 32; fp16 scales the loss"),
    EPOCHS(Kind.whole(1), "epochs", "N", "10", "passes over the training set"),
    BATCH_SIZE(
            Kind.whole(1), "batch-size", "N", "128", "images a step, over all ranks and devices"),
    TEST_BATCH_SIZE(Kind.whole(1), "test-batch-size", "N", "100", "images at a time in evaluation"),
    LEARNING_RATE(
            Kind.real(0),
            "lr",
            "X",
            "0.1",
            "learning rate (schedules other than onecycle start from it)",
            "--learning-rate"),
    SCALE_LR(
            Kind.whole(0),
            "scale-lr",
            "N",
            "0",
            "--lr and --max-lr are for batches of N images, and grow with --batch-size (alone: 256); 0: for --batch-size itself"),
    OPTIMIZER(
            Kind.words("sgd", "adam", "adamw"),
            "optimizer",
            "sgd|adam|adamw",
            "sgd",
            "rule of the update"),
    MOMENTUM(Kind.real(0, 1), "momentum", "X", "0.9", "of SGD", "--mom"),
    NESTEROV(Kind.onOff(), "nesterov", "on|off", "off", "Nesterov's form of momentum"),
    WEIGHT_DECAY(Kind.real(0), "weight-decay", "X", "0", "pull of all parameters towards 0"),
    DECAY_NORMS(
            Kind.onOff(),
            "decay-norms",
            "on|off",
            "on",
            "off: no weight decay of norms and biases"),
    NORM_BIAS_RATE(
            Kind.real(0),
            "norm-bias-rate",
            "X",
            "1",
            "factor of the learning rate, not of the decay, for the biases of norms"),
    SCHEDULE(
            Kind.words("onecycle", "cosine", "step", "constant"),
            "schedule",
            "onecycle|cosine|step|constant",
            "constant",
            "course of the learning rate"),
    MAX_LR(Kind.real(0), "max-lr", "X", "0.1", "onecycle: its peak"),
    PCT_START(Kind.real(0, 1), "pct-start", "X", "0.3", "onecycle: part of the steps that rises"),
    DIV_FACTOR(Kind.real(1), "div-factor", "X", "25", "onecycle: starts at max-lr / this"),
    FINAL_DIV_FACTOR(
            Kind.real(1), "final-div-factor", "X", "1e4", "onecycle: ends at start / this"),
    ANNEAL(
            Kind.words("cos", "linear"),
            "anneal",
            "cos|linear",
            "cos",
            "onecycle: form of its flanks"),
    CYCLE_MOMENTUM(
            Kind.text(),
            "cycle-momentum",
            "LOW,HIGH",
            "0.85,0.95",
            "onecycle: momentum falls to LOW and rises again; off"),
    MILESTONES(
            Kind.reals(0),
            "milestones",
            "E,E,...",
            "30,60,80",
            "step: epochs after which the rate falls"),
    GAMMA(Kind.real(0, 1), "gamma", "X", "0.1", "step: factor at each milestone"),
    WARMUP_EPOCHS(
            Kind.whole(0),
            "warmup-epochs",
            "N",
            "0",
            "linear rise at the start (not with onecycle)"),
    DROP(Kind.text(), "drop", "X", "auto", "probability of the dropout layers; auto: the model's"),
    DROP_PATH(
            Kind.real(0, 0.999),
            "drop-path",
            "P",
            "0",
            "stochastic depth: probability that the last residual block is left out"),
    ZERO_INIT_RESIDUAL(
            Kind.onOff(),
            "zero-init-residual",
            "on|off",
            "off",
            "residual blocks begin as their shortcut"),
    LABEL_SMOOTHING(
            Kind.real(0, 1),
            "label-smoothing",
            "X",
            "0",
            "share of the target spread over all classes"),
    SYNC_BN(
            Kind.onOff(),
            "sync-bn",
            "on|off",
            "off",
            "several ranks: batch norm over the images of all of them"),
    MIXUP(Kind.real(0), "mixup", "A", "0", "mixes pairs of images by shares of Beta(A, A); 0: not"),
    CUTMIX(
            Kind.real(0),
            "cutmix",
            "A",
            "0",
            "pastes boxes of Beta(A, A) of one image into another; 0: not"),
    RANDOM_ERASE(
            Kind.real(0, 1),
            "random-erase",
            "P",
            "0",
            "probability that a box of an image is erased"),
    CLIP_GRAD_NORM(
            Kind.real(0),
            "clip-grad-norm",
            "X",
            "0",
            "largest length of the gradient of all parameters together; 0: any"),
    ACCUMULATE(
            Kind.whole(1),
            "accumulate",
            "N",
            "1",
            "parts of a batch that go through the network one after the other"),
    EMA(
            Kind.real(0, 0.9999999),
            "ema",
            "D",
            "0",
            "decay of a moving average of the weights, which evaluation uses; 0: none"),
    LOOKAHEAD(
            Kind.real(0, 0.9999999),
            "lookahead",
            "D",
            "0",
            "decay of slow weights, to which the weights are set back every 5 steps; 0: none"),
    TTA(
            Kind.words("none", "mirror", "crops"),
            "tta",
            "none|mirror|crops",
            "none",
            "evaluation also sees the mirror image, or that and shifts by a pixel"),
    ON_DIVERGENCE(
            Kind.words("stop", "rollback"),
            "on-divergence",
            "stop|rollback",
            "stop",
            "a loss that is no number ends the run, or sets it back to its last checkpoint at half the rate"),
    SEED(Kind.anyWhole(), "seed", "N", "0", "same seed, same bits"),
    THREADS(Kind.whole(0, 1024), "threads", "N", "0", "threads of the kernels; 0: all cores"),
    WORKERS(
            Kind.whole(0, 1024),
            "workers",
            "N",
            "1",
            "threads that prepare batches; 0: the training thread itself"),
    PRINT_FREQ(
            Kind.whole(1),
            "print-freq",
            "N",
            "50",
            "steps from one line of steps.jsonl to the next"),
    HISTOGRAMS(
            Kind.onOff(),
            "histograms",
            "on|off",
            "off",
            "weights and gradients of each epoch in the files for TensorBoard"),
    MAX_STEPS(
            Kind.whole(0),
            "max-steps",
            "N",
            "0",
            "ends after this global step, changing no schedule; 0: no limit"),
    EVAL_EVERY(
            Kind.whole(0),
            "eval-every",
            "N",
            "1",
            "epochs from one evaluation to the next; 0: never"),
    CHECKPOINT_EVERY(
            Kind.whole(0),
            "checkpoint-every",
            "N",
            "0",
            "steps from one checkpoint to the next, beside each epoch's; 0: never"),
    INIT(
            Kind.text(),
            "init",
            "FILE",
            "",
            "file with the parameters to start from: .safetensors, .pth, .npz"),
    RESUME(
            Kind.text(),
            "resume",
            "FILE|auto",
            "",
            "goes on from a checkpoint; auto: from the last of --out, if there is one"),
    OUT(Kind.text(), "out", "DIR", "", "run folder; default runs/DATE-MODEL-DATA");

    private final Kind kind;
    private final String key;
    private final String placeholder;
    private final String initial;
    private final String help;
    private final List<String> aliases;

    Setting(
            Kind kind,
            String key,
            String placeholder,
            String initial,
            String help,
            String... aliases) {
        this.kind = kind;
        this.key = key;
        this.placeholder = placeholder;
        this.initial = initial;
        this.help = help;
        this.aliases = List.of(aliases);
    }

    /// What values it takes.
    Kind kind() {
        return kind;
    }

    /// The name in recipes and config.json.
    public String key() {
        return key;
    }

    public String flag() {
        return "--" + key;
    }

    public List<String> aliases() {
        return aliases;
    }

    public String placeholder() {
        return placeholder;
    }

    /// The value where none is given; empty where there is none.
    public String initial() {
        return initial;
    }

    public String help() {
        return help;
    }

    /// The value of a flag that stands alone; empty where it needs one.
    public Optional<String> alone() {
        if (this == SCALE_LR) {
            return Optional.of("256");
        }
        return kind.equals(Kind.onOff()) ? Optional.of("on") : Optional.empty();
    }

    public static Optional<Setting> named(String key) {
        return Arrays.stream(values()).filter(s -> s.key.equals(key)).findFirst();
    }
}

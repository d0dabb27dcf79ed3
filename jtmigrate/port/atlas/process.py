"""Contexts, decorators, autograd, devices, files and other things around the computation."""

from jtmigrate.port.atlas.both import OPS, absent, function
from jtmigrate.port.atlas.entry import Entry, Kind

_TESTS = "alignment_tests/jtmigrate/parity/ops/test_process.py::"
_GRADIENTS = f"{_TESTS}test_gradients_stop_in_contexts"
_AMP = "leave it out; jt.flags.amp_reg sets mixed precision for the whole process"
_SCRIPT = "leave it out: Jittor compiles every operation by itself"
_DISTRIBUTED = "Jittor uses MPI: start with mpirun and drop the process groups"
_CUDNN = "leave it out"
_HUB = "download the file yourself and convert it with `jtmigrate convert`"
_CHECKPOINT = "leave it out; Jittor has no recomputation"


def _context(name: str, signature: str, jittor: str, **facts: object) -> Entry:
    return Entry(f"torch.{name}", Kind.CONTEXT, signature, jittor, **facts)


def _absent(name: str, advice: str, kind: Kind = Kind.FUNCTION, *aliases: str) -> Entry:
    return absent(f"torch.{name}", kind, advice, tuple(f"torch.{alias}" for alias in aliases))


ENTRIES: tuple[Entry, ...] = (
    _context("no_grad", "", "jittor.no_grad", proof=_GRADIENTS,
             differs="what is assigned into a parameter inside stops its gradient for good"),
    _context("enable_grad", "", "jittor.enable_grad", proof=_GRADIENTS),
    _context("inference_mode", "mode=True", "jittor.no_grad", only={"mode": (True,)}, proof=_GRADIENTS,
             advice="leave inference_mode(False) out"),
    _context("set_grad_enabled", "mode", f"{OPS}set_grad_enabled", proof=_GRADIENTS),
    function("is_grad_enabled", "", f"{OPS}is_grad_enabled", proof=_GRADIENTS),
    function("autograd.grad",
             "outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, "
             "allow_unused=None, is_grads_batched=False, materialize_grads=False",
             f"{OPS}grad", ignored=("retain_graph", "create_graph", "only_inputs", "allow_unused", "materialize_grads"),
             only={"is_grads_batched": (False,)}, advice="loop over the batch", proof=f"{_TESTS}test_grad",
             differs="an input that was not used gets zeros, not None"),
    _absent("autograd.Function", "derive from jt.Function: execute(self, ...) and grad(self, ...), state kept on self"),
    _absent("autograd.Variable", "leave it out: x itself"),
    _absent("autograd.backward", "optimizer.backward(loss)"),
    _absent("autograd.set_detect_anomaly", "jt.flags.check_graph = 1, or jtmigrate diff", Kind.CONTEXT,
            "autograd.detect_anomaly"),
    _absent("autograd.functional.jacobian", "jt.grad of each output"),
    _absent("autograd.profiler.profile", "jt.profile_scope()", Kind.CONTEXT, "profiler.profile"),
    function("is_tensor", "obj, /", "jittor.is_var", by_place=("obj",),
             untested="of a tensor there, of a Var here: True"),
    function("jit.is_scripting", "", f"{OPS}is_scripting",
             aliases=("torch.jit.is_tracing", "torch.onnx.is_in_onnx_export")),
    function("manual_seed", "seed", "jittor.set_global_seed", by_place=("seed",), proof=f"{_TESTS}test_seeds_repeat",
             aliases=("torch.cuda.manual_seed", "torch.cuda.manual_seed_all", "torch.random.manual_seed"),
             differs="the numbers drawn are others than PyTorch's; 0 and 1 are the same seed"),
    function("save", "obj, f, pickle_module=None, pickle_protocol=2", "jittor.save", by_place=("obj", "f"),
             ignored=("pickle_module", "pickle_protocol"), proof=f"{_TESTS}test_saved_is_loaded",
             differs="a name that ends in .pth, .pt or .bin needs torch"),
    function("load", "f, map_location=None, pickle_module=None, *, weights_only=None, mmap=None, **pickle_load_args",
             "jittor.load", by_place=("f",), ignored=("map_location", "pickle_module", "weights_only", "mmap"),
             proof=f"{_TESTS}test_saved_is_loaded",
             differs="runs code that a file contains; misreads strided views: use jtmigrate convert"),
    function("cuda.is_available", "", f"{OPS}cuda_is_available", proof=f"{_TESTS}test_devices"),
    function("cuda.device_count", "", "jittor.get_device_count", proof=f"{_TESTS}test_devices"),
    function("cuda.synchronize", "device=None", f"{OPS}synchronize", ignored=("device",),
             proof=f"{_TESTS}test_devices"),
    function("cuda.empty_cache", "", "jittor.gc", proof=f"{_TESTS}test_devices"),
    _absent("cuda.current_device", "0"),
    _absent("cuda.set_device", "set CUDA_VISIBLE_DEVICES"),
    _absent("cuda.get_device_name", "nvidia-smi"),
    _absent("cuda.max_memory_allocated", "jt.display_memory_info()", Kind.FUNCTION, "cuda.memory_allocated",
            "cuda.memory_reserved", "cuda.reset_peak_memory_stats"),
    _absent("cuda.Event", "jt.sync_all(True) and time.perf_counter()"),
    _absent("cuda.Stream", "leave it out: Jittor orders its work by itself", Kind.CONTEXT, "cuda.stream"),
    _absent("cuda.amp.autocast", _AMP, Kind.CONTEXT, "autocast", "amp.autocast"),
    _absent("cuda.amp.GradScaler", _AMP, Kind.FUNCTION, "amp.GradScaler"),
    _absent("cuda.amp.custom_fwd", _AMP, Kind.CONTEXT, "cuda.amp.custom_bwd"),
    _absent("backends.cudnn.benchmark", _CUDNN, Kind.CONSTANT),
    _absent("backends.cudnn.deterministic", _CUDNN, Kind.CONSTANT),
    _absent("backends.cudnn.enabled", _CUDNN, Kind.CONSTANT),
    _absent("backends.cuda.matmul.allow_tf32", _CUDNN, Kind.CONSTANT),
    _absent("use_deterministic_algorithms", _CUDNN),
    _absent("set_float32_matmul_precision", _CUDNN),
    _absent("set_default_dtype", "name the dtype where tensors are made"),
    _absent("get_default_dtype", "jt.float32"),
    _absent("set_default_tensor_type", "jt.flags.use_cuda = 1, and name the dtype where tensors are made"),
    _absent("set_num_threads", "set OMP_NUM_THREADS", Kind.FUNCTION, "get_num_threads"),
    _absent("set_printoptions", "numpy.set_printoptions"),
    _absent("get_rng_state", "jt.get_seed()", Kind.FUNCTION, "set_rng_state"),
    _absent("compile", _SCRIPT),
    _absent("jit.script", _SCRIPT, Kind.CONTEXT, "jit.trace", "jit.script_method"),
    _absent("jit.ignore", _SCRIPT, Kind.CONTEXT, "jit.unused", "jit.export"),
    _absent("jit.Final", "leave the annotation out", Kind.CONSTANT, "jit.Attribute"),
    _absent("jit.annotate", "the value itself"),
    _absent("jit.load", "export the weights and port the code", Kind.FUNCTION, "jit.save"),
    _absent("onnx.export", "export from PyTorch"),
    _absent("fx.symbolic_trace", "Jittor has no tracer", Kind.FUNCTION, "fx.GraphModule", "fx.wrap"),
    _absent("vmap", "write the batch dimension out", Kind.FUNCTION, "func.vmap"),
    _absent("quantization.quantize_dynamic", "Jittor does not quantise"),
    _absent("hub.load", _HUB),
    _absent("hub.load_state_dict_from_url", _HUB, Kind.FUNCTION, "utils.model_zoo.load_url"),
    _absent("utils.checkpoint.checkpoint", _CHECKPOINT, Kind.FUNCTION, "utils.checkpoint.checkpoint_sequential"),
    _absent("distributed.init_process_group", _DISTRIBUTED, Kind.FUNCTION, "distributed.destroy_process_group"),
    _absent("distributed.get_rank", "jt.rank"),
    _absent("distributed.get_world_size", "jt.world_size"),
    _absent("distributed.all_reduce", "x.mpi_all_reduce()", Kind.FUNCTION, "distributed.reduce"),
    _absent("distributed.all_gather", _DISTRIBUTED, Kind.FUNCTION, "distributed.all_gather_object"),
    _absent("distributed.broadcast", "x.mpi_broadcast(root)"),
    _absent("distributed.barrier", _DISTRIBUTED),
    _absent("distributed.is_initialized", "jt.in_mpi", Kind.FUNCTION, "distributed.is_available"),
    _absent("multiprocessing.spawn", _DISTRIBUTED),
    _absent("typename", "type(x).__name__"),
)  # fmt: skip

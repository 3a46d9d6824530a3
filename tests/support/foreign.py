"""What users of Keras, PyTorch and scikit-learn write most, whether tinyae has it or not."""


def words(text):
    return sorted({*text.split()})


LAYERS = words(
    """
    Activation ActivityRegularization AdaptiveAvgPool2d Add AlphaDropout Attention
    AveragePooling1D AvgPool1d AvgPool2d AvgPool3d BatchNorm1d BatchNorm2d BatchNormalization
    Bidirectional Bilinear CELU Concatenate ConstantPad2d Conv1D Conv1d Conv2D Conv2DTranspose
    Conv2d Conv3D Conv3d ConvLSTM2D ConvTranspose1d ConvTranspose2d Cropping2D Dense
    DepthwiseConv2D Dot Dropout Dropout1d Dropout2d Dropout3d ELU Embedding Flatten Fold GELU
    GLU GRU GaussianDropout GaussianNoise GlobalAveragePooling2D GlobalMaxPooling1D
    GlobalMaxPooling2D GroupNorm GroupNormalization Hardsigmoid Hardswish Hardtanh Identity
    Input InputLayer InstanceNorm2d LSTM Lambda Layer LayerNorm LayerNormalization LazyLinear
    LeakyReLU Linear LogSoftmax Masking MaxPool1D MaxPool1d MaxPool2D MaxPool2d MaxPool3d
    MaxPooling1D MaxPooling2D MaxUnpool2d Maximum Mish Model Module ModuleList
    MultiHeadAttention Normalization PReLU Permute PixelShuffle RNN RReLU ReLU ReLU6
    RepeatVector Rescaling Reshape Resizing SELU SeparableConv1D SeparableConv2D Sequential SiLU
    Sigmoid SimpleRNN Softmax Softmax2d Softplus Softsign SpatialDropout2D SpectralNormalization
    Subtract Tanh Tanhshrink TimeDistributed Transformer Unflatten Unfold UpSampling1D
    UpSampling2D UpSampling3D Upsample ZeroPad2d ZeroPadding2D
    """
)
TRAINING = words(
    """
    ASGD AdaGrad Adadelta Adafactor Adagrad Adam AdamW Adamax BCELoss BCEWithLogitsLoss
    BinaryCrossentropy BinaryFocalCrossentropy CSVLogger CTCLoss Callback
    CategoricalCrossentropy CategoricalHinge CosineAnnealingLR CosineDecay CosineEmbeddingLoss
    CosineSimilarity CrossEntropyLoss EarlyStopping ExponentialDecay ExponentialLR Ftrl
    GaussianNLLLoss GlorotNormal GlorotUniform HeNormal HeUniform History Huber HuberLoss
    KLDivLoss KLDivergence L1 L1L2 L1Loss L2 LBFGS LambdaCallback LambdaLR LearningRateScheduler
    LecunNormal Lion LogCosh MAE MAPE MSE MSELoss MSLE MeanAbsoluteError
    MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError ModelCheckpoint
    MultiStepLR NAdam NLLLoss Nadam OneCycleLR Ones Orthogonal OrthogonalRegularizer
    PoissonNLLLoss ProgbarLogger RAdam RMSprop RandomNormal RandomUniform ReduceLROnPlateau
    Rprop SGD SmoothL1Loss SparseAdam StepLR TensorBoard TerminateOnNaN TruncatedNormal
    VarianceScaling Zeros
    """
)
SCIKIT_LEARN = words(
    """
    DBSCAN FactorAnalysis FastICA GaussianMixture GridSearchCV ICA IncrementalPCA Isomap KMeans
    KernelDensity KernelPCA LDA MDS MLPClassifier MLPRegressor MinMaxScaler MiniBatchSparsePCA
    NMF Normalizer OneHotEncoder PCA Pipeline PowerTransformer RobustScaler SVD SparsePCA
    StandardScaler TSNE TruncatedSVD UMAP clone cross_val_score make_pipeline train_test_split
    """
)
FUNCTIONS = words(
    """
    AE AutoEncoder ContractiveAutoencoder ConvAutoencoder DataLoader Dataset Decoder
    DenoisingAutoencoder Encoder GradientTape Parameter SparseAutoencoder StackedAutoencoder
    Tensor VAE Variable VariationalAutoencoder activations applications autograd backend
    callbacks checkpoint compile config constraints cuda datasets device distributions dtypes
    enable_grad export from_numpy function functional grad image inference_mode init
    initializers jit keras layers linalg load load_model load_weights losses manual_seed metrics
    mixed_precision models mps nn no_grad ones ops optim optimizers plot plot_model
    preprocessing quantization rand randn random regularizers relu save save_model saving
    set_random_seed set_seed sigmoid softmax stack summary tanh tensor tensorboard
    to_categorical utils
    """
)
OF_MODELS = words(
    """
    activation add add_module apply backward batch_size_ bfloat16 bias bottleneck buffers build
    built call children code coef_ coefs_ compile compiled_loss components_ compute_loss
    count_params cpu cuda decision_function decode decoder device double dtype dtype_policy
    encode encoder eval evaluate evaluate_generator explained_variance_
    explained_variance_ratio_ export extra_repr feature_names_in_ fit fit_generator fit_predict
    fit_transform float forward from_config get_buffer get_config get_covariance
    get_feature_names_out get_input_at get_layer get_metadata_routing get_output_at
    get_parameter get_params get_precision get_submodule get_weights grad half in_channels
    in_features input input_names input_shape input_spec inputs intercepts_ inverse_transform
    jit_compile kernel latent latent_dim layers learning_rate load load_state_dict load_weights
    loss loss_ loss_curve_ loss_fn losses lr make_predict_function mean_ metrics metrics_names
    modules n_components_ n_features_ n_features_in_ n_iter_ n_layers_ n_outputs_ n_samples_
    name named_children named_modules named_parameters noise_variance_ non_trainable_variables
    non_trainable_weights num_parameters optimizer optimizers out_activation_ out_channels
    out_features output output_names output_shape outputs padding_mode parameters partial_fit
    pop predict predict_generator predict_on_batch predict_proba predict_step quantize
    register_buffer register_forward_hook register_module register_parameter requires_grad_
    reset_metrics reset_parameters reset_states run_eagerly save save_model save_spec
    save_weights score score_samples set_output set_params set_submodule set_weights
    share_memory singular_values_ state_dict stateful states stop_training submodules summary
    svd_solver t_ test_on_batch test_step to to_empty to_json train train_on_batch train_step
    trainable trainable_variables trainable_weights training transform type units updates
    uses_learning_phase validate var_ variables weight weights whiten with_name_scope xpu
    zero_grad
    """
)
OF_CALLS = words(
    """
    X Y a alpha amsgrad batch batch_input_shape batch_size batchsize beta1 betas bias
    bias_constraint bias_initializer bias_regularizer bs callback callbacks ceil_mode
    class_weight clipnorm clipvalue copy covariance_type criterion dampening data data_format
    decay device dilation dilation_rate drop_last early_stopping end_dim epoch epochs eps
    filters foreach from_logits fused global_clipnorm groups hidden_dim hidden_layer_sizes
    in_channels in_features init init_mode inplace input input_dim input_length input_shape
    input_size iterated_power kernel kernel_constraint kernel_initializer kernel_regularizer
    kernel_size latent_dim learning_rate learning_rate_init loss lr max_iter max_queue_size
    maximize metrics mode momentum n_components n_epochs n_iter n_iter_no_change n_jobs
    n_oversamples name nb_epoch nesterov nonlinearity num_epochs num_workers optimizer
    out_channels out_features output_dim output_padding p padding padding_mode params patience
    pin_memory random_state rate recurrent reduction return_dict return_indices run_eagerly
    sample_weight sampler seed shape shuffle sigma size solver start_dim std steps stride
    strides svd_solver target tol trainable use_multiprocessing val_data val_split
    validation_batch_size validation_data validation_fraction validation_freq validation_split
    validation_steps verbose warm_start weight_decay weights whiten workers x_train y y_train
    """
)
VALUES = {
    "activation": words(
        """
        celu crelu elu exponential gelu glu hard_sigmoid hard_tanh hardswish identity leaky_relu
        linear log_sigmoid log_softmax logistic lrelu mish prelu relu relu6 rrelu selu sigmoid
        silu sine softmax softplus softsign swish tanh tanhshrink threshold
        """
    ),
    "kernel_initializer": words(
        """
        constant glorot_normal glorot_uniform he_normal he_uniform identity kaiming
        kaiming_normal kaiming_uniform lecun_normal lecun_uniform normal one ones orthogonal
        random_normal random_uniform truncated_normal uniform variance_scaling xavier
        xavier_normal xavier_uniform zero zeros
        """
    ),
    "loss": words(
        """
        absolute_error bce bce_with_logits binary_crossentropy binary_focal_crossentropy
        categorical_crossentropy cosine cosine_similarity cross_entropy ctc elbo hinge huber
        kl_div kld l1 l2 log_cosh log_loss logcosh mae mape mean_absolute_error
        mean_squared_error mean_squared_logarithmic_error mse msle nll poisson rmse smooth_l1
        sparse_categorical_crossentropy squared_error squared_hinge
        """
    ),
    "optimizer": words(
        """
        adadelta adafactor adagrad adam adamax adamw asgd ftrl lamb lbfgs lion nadam nag radam
        rmsprop rprop sgd sparse_adam
        """
    ),
}

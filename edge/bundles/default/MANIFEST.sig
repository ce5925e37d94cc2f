hA´ַZ}wxpֱ
9bZCUאר4S§=ihYֻV‎pיץ"e¨ײ‰Y¯B¶“OַIׂ‹üָ